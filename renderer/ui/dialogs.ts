import { create } from "zustand";

export type DialogName = "new-machine" | "media" | "preferences" | "palette" | "keys";

/** The one dialog that is open. */
export const useDialogs = create<{ open: DialogName | null }>()(() => ({ open: null }));

export const openDialog = (name: DialogName): void => useDialogs.setState({ open: name });
export const closeDialog = (): void => useDialogs.setState({ open: null });

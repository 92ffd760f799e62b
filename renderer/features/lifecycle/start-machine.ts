import { service } from "../connection/store.ts";
import { useLibrary } from "../library/store.ts";

/** Starts a machine. Where the machine itself says why it did not start, that is not told a second time. */
export async function startMachine(id: string): Promise<void> {
  try {
    await service().start(id);
  } catch (error) {
    if (!useLibrary.getState().machines[id]?.problem) throw error;
  }
}

import { create } from "zustand";
import type { MachineSummary, Medium, ProblemReport } from "../../../electron/contract/manager.ts";
import type { DriveSettings } from "../../../electron/contract/settings.ts";
import { currentHost } from "../../host/current-host.ts";
import { closeDialog, openDialog } from "../../ui/dialogs.ts";
import { problemOf } from "../../ui/problem.ts";
import { service } from "../connection/store.ts";
import { captureSoon } from "../console/capture.ts";
import { useLibrary } from "../library/store.ts";
import { startMachine } from "../lifecycle/start-machine.ts";
import { activePane, openBeside, openMachine, useWorkspace } from "../workspace/store.ts";
import { machineFrom, namesOf, proposedMode, proposedName } from "./drafts.ts";

/** An image on its way to becoming a machine. */
export interface Draft {
  key: number;
  fileName: string;
  /** In bytes. */
  size: number;
  /** Share of the image that has been sent, 0 to 1. */
  progress: number;
  medium: Medium | null;
  problem: ProblemReport | null;
  name: string;
  memoryMib: number;
  mode: DriveSettings["mode"];
}

interface NewMachineState {
  drafts: Draft[];
  /** The machines are being created. */
  creating: boolean;
}

export const useNewMachine = create<NewMachineState>()(() => ({ drafts: [], creating: false }));

const uploads = new Map<number, { file: File; controller: AbortController }>();
let nextKey = 1;

const blank = (fileName: string, size: number): Draft => ({
  key: nextKey++,
  fileName,
  size,
  progress: 0,
  medium: null,
  problem: null,
  name: "",
  memoryMib: 64,
  mode: "read-only",
});

export function changeDraft(key: number, change: Partial<Draft>): void {
  useNewMachine.setState(({ drafts }) => ({
    drafts: drafts.map((draft) => (draft.key === key ? { ...draft, ...change } : draft)),
  }));
}

/** Starts a draft for each file and opens the dialog. */
export function addFiles(files: readonly File[]): void {
  if (files.length === 0) return;
  for (const file of files) {
    const draft = blank(file.name, file.size);
    useNewMachine.setState(({ drafts }) => ({ drafts: [...drafts, draft] }));
    void upload(draft.key, file);
  }
  openDialog("new-machine");
}

/** Starts a draft from an image that is known already. */
export function addMedium(medium: Medium): void {
  const draft = { ...blank(medium.name, medium.size), progress: 1 };
  useNewMachine.setState(({ drafts }) => ({ drafts: [...drafts, draft] }));
  propose(draft.key, medium);
  openDialog("new-machine");
}

async function upload(key: number, file: File): Promise<void> {
  const controller = new AbortController();
  uploads.set(key, { file, controller });
  changeDraft(key, { problem: null, progress: 0 });
  try {
    const medium = await currentHost().upload(file, {
      signal: controller.signal,
      onProgress: (progress) => changeDraft(key, { progress }),
    });
    uploads.delete(key);
    propose(key, medium);
  } catch (error) {
    if (!controller.signal.aborted) changeDraft(key, { problem: problemOf(error) });
  }
}

function propose(key: number, medium: Medium): void {
  const others = useNewMachine.getState().drafts.filter((draft) => draft.key !== key);
  const taken = [...namesOf(useLibrary.getState().machines), ...others.map((draft) => draft.name)];
  changeDraft(key, {
    medium,
    progress: 1,
    name: proposedName(medium, taken),
    memoryMib: medium.memoryMib,
    mode: proposedMode(medium),
  });
}

export function retryUpload(key: number): void {
  const entry = uploads.get(key);
  if (entry) void upload(key, entry.file);
}

/** Takes a draft away, cancelling its upload. */
export function removeDraft(key: number): void {
  uploads.get(key)?.controller.abort();
  uploads.delete(key);
  useNewMachine.setState(({ drafts }) => ({ drafts: drafts.filter((draft) => draft.key !== key) }));
}

/** Closes the dialog; what is still being sent is cancelled. */
export function cancelDrafts(): void {
  for (const { key } of useNewMachine.getState().drafts) removeDraft(key);
  closeDialog();
}

export const isReady = (draft: Draft): boolean => draft.medium !== null && draft.name.trim() !== "";

/**
 * Creates a machine from each draft that is ready, and starts them if asked. They open side by side. A draft whose
 * machine could not be created stays, with its problem.
 */
export async function createMachines(andStart: boolean): Promise<void> {
  const ready = useNewMachine.getState().drafts.filter(isReady);
  useNewMachine.setState({ creating: true });
  const created: MachineSummary[] = [];
  try {
    for (const draft of ready) {
      try {
        changeDraft(draft.key, { problem: null });
        created.push(
          await service().createMachine(machineFrom(draft.medium!, draft.name, draft.memoryMib, draft.mode)),
        );
        removeDraft(draft.key);
      } catch (error) {
        changeDraft(draft.key, { problem: problemOf(error) });
      }
    }
    show(created);
    if (useNewMachine.getState().drafts.length === 0) closeDialog();
    if (andStart) {
      await Promise.all(created.map((machine) => startMachine(machine.settings.id)));
      if (created.length > 0) captureSoon(activePane(useWorkspace.getState()).key);
    }
  } finally {
    useNewMachine.setState({ creating: false });
  }
}

function show(created: readonly MachineSummary[]): void {
  useLibrary.setState(({ machines }) => ({
    machines: {
      ...Object.fromEntries(created.map((machine) => [machine.settings.id, machine])),
      ...machines,
    },
  }));
  const [first, ...more] = created.map((machine) => machine.settings.id);
  if (first === undefined) return;
  openMachine(first);
  const pane = activePane(useWorkspace.getState()).key;
  for (const id of more) openBeside(id);
  useWorkspace.setState({ active: pane });
}

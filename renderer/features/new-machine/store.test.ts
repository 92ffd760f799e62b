import { beforeEach, expect, test, vi } from "vitest";
import type { ManagerService, NewMachine } from "../../../electron/contract/manager.ts";
import { setHost } from "../../host/current-host.ts";
import type { Host, UploadOptions } from "../../host/host.ts";
import { machine, medium } from "../../testing/machines.ts";

vi.stubGlobal("localStorage", { getItem: () => null, setItem() {} });
vi.stubGlobal("requestAnimationFrame", () => 0);
const { useDialogs } = await import("../../ui/dialogs.ts");
const { useConnection } = await import("../connection/store.ts");
const { useLibrary } = await import("../library/store.ts");
const { useWorkspace } = await import("../workspace/store.ts");
const { addFiles, addMedium, cancelDrafts, createMachines, removeDraft, retryUpload, useNewMachine } =
  await import("./store.ts");

const drafts = () => useNewMachine.getState().drafts;
const settle = () => new Promise((resolve) => setTimeout(resolve));
let uploads: { file: File; options: UploadOptions; resolve(): void; reject(error: Error): void }[];
let started: string[];

beforeEach(() => {
  uploads = [];
  started = [];
  useNewMachine.setState({ drafts: [], creating: false });
  useLibrary.setState({ machines: {}, media: {} });
  setHost({
    upload: (file: File, options: UploadOptions) =>
      new Promise((resolve, reject) => {
        uploads.push({
          file,
          options,
          resolve: () => resolve(medium(file.name, { name: file.name })),
          reject,
        });
      }),
  } as Partial<Host> as Host);
  const service: Partial<ManagerService> = {
    async createMachine({ name }: NewMachine) {
      if (name === "full") throw Object.assign(new Error("The disk is full"), { kind: "disk-full" });
      return machine(name, "powered-off", name);
    },
    async start(id) {
      started.push(id);
    },
  };
  useConnection.setState({ status: "connected", service: service as ManagerService });
});

test("each file is a draft of its own, with a name that no other has", async () => {
  addFiles([new File([], "disk.img"), new File([], "disk.iso")]);
  expect(useDialogs.getState().open).toBe("new-machine");
  for (const upload of uploads) upload.resolve();
  await settle();
  expect(drafts().map(({ name }) => name)).toEqual(["disk", "disk 2"]);
});

test("what fails to upload says why, and can be tried again", async () => {
  addFiles([new File([], "a.img")]);
  uploads[0]!.reject(new Error("the connection broke"));
  await settle();
  expect(drafts()[0]?.problem?.message).toBe("the connection broke");
  retryUpload(drafts()[0]!.key);
  expect(drafts()[0]?.problem).toBeNull();
  uploads[1]!.resolve();
  await settle();
  expect(drafts()[0]?.medium?.name).toBe("a.img");
});

test("leaving out and closing cancel what is being sent", () => {
  addFiles([new File([], "a.img"), new File([], "b.img")]);
  removeDraft(drafts()[0]!.key);
  expect(uploads.map(({ options }) => options.signal.aborted)).toEqual([true, false]);
  cancelDrafts();
  expect(uploads.map(({ options }) => options.signal.aborted)).toEqual([true, true]);
  expect(useDialogs.getState().open).toBeNull();
});

test("machines are created, started, and shown side by side; one that cannot be stays with its problem", async () => {
  for (const name of ["one", "full", "two"]) addMedium(medium(name, { name: `${name}.img` }));
  await createMachines(true);
  expect(started).toEqual(["one", "two"]);
  expect(useWorkspace.getState().panes.map((pane) => pane.machine)).toEqual(["one", "two"]);
  expect(drafts().map(({ name, problem }) => [name, problem?.kind])).toEqual([["full", "disk-full"]]);
  expect(useDialogs.getState().open).toBe("new-machine");
});

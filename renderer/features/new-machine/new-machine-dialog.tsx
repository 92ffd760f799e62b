import { Disc3, HardDrive, Save, TriangleAlert, Upload, X } from "lucide-react";
import {
  Button,
  Dialog,
  FileTrigger,
  Heading,
  ListBox,
  ListBoxItem,
  Modal,
  ModalOverlay,
  ProgressBar,
} from "react-aria-components";
import type { Medium } from "../../../electron/contract/manager.ts";
import { Choice, NumberInput, TextInput } from "../../ui/controls.tsx";
import { count, formatBytes, formatPercent } from "../../ui/format.ts";
import { problemText } from "../../ui/problem.ts";
import { useLibrary } from "../library/store.ts";
import { notifyProblem } from "../notifications/store.ts";
import { LEAST_MEMORY, MOST_MEMORY, nextMemory } from "./drafts.ts";
import {
  addFiles,
  addMedium,
  cancelDrafts,
  changeDraft,
  createMachines,
  type Draft,
  isReady,
  removeDraft,
  retryUpload,
  useNewMachine,
} from "./store.ts";
import "./new-machine.css";

const kindIcons = { floppy: Save, disk: HardDrive, cdrom: Disc3 } as const;
const kindWords = { floppy: "floppy", disk: "hard disk", cdrom: "CD or DVD" } as const;

/** From images to machines. Everything is proposed; one button creates and starts. */
export function NewMachineDialog() {
  const drafts = useNewMachine((state) => state.drafts);
  const creating = useNewMachine((state) => state.creating);
  const ready = drafts.filter(isReady).length;
  const waiting = drafts.length - ready;
  const create = (andStart: boolean) => void createMachines(andStart).catch(notifyProblem);

  return (
    <ModalOverlay className="overlay" isOpen onOpenChange={(open) => !open && cancelDrafts()}>
      <Modal className="modal">
        <Dialog className="dialog">
          <header className="dialog-header">
            <Heading slot="title">
              {drafts.length > 1 ? `${drafts.length} New Machines` : "New Machine"}
            </Heading>
            <Button className="icon-button" aria-label="Close" onPress={cancelDrafts}>
              <X aria-hidden />
            </Button>
          </header>
          {drafts.length === 0 ? (
            <ChooseImages />
          ) : (
            drafts.map((draft) => <DraftForm key={draft.key} draft={draft} />)
          )}
          {drafts.length > 0 && <AddAnother />}
          {drafts.length > 0 && (
            <footer className="dialog-actions">
              <span className="dialog-note" role="status">
                {waiting > 0 && ready > 0 && `${count(waiting, "image")} not ready`}
              </span>
              <Button className="button" onPress={cancelDrafts}>
                Cancel
              </Button>
              <Button className="button" isDisabled={ready === 0 || creating} onPress={() => create(false)}>
                Create
              </Button>
              <Button
                className="button"
                data-tone="primary"
                isDisabled={ready === 0 || creating}
                onPress={() => create(true)}
              >
                {drafts.length > 1 && ready > 0
                  ? `Create and Start ${count(ready, "Machine")}`
                  : "Create and Start"}
              </Button>
            </footer>
          )}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function chosen(files: FileList | null): void {
  if (files) addFiles([...files]);
}

function ChooseImages() {
  const media = Object.values(useLibrary((state) => state.media));
  return (
    <>
      <div className="drop-here">
        <Upload aria-hidden />
        <p>
          <strong>Drop disk images here</strong>, or anywhere on this window.
        </p>
        <p className="quiet">
          CD and DVD images, hard disks and floppies. Each becomes a machine of its own.
        </p>
        <FileTrigger allowsMultiple onSelect={chosen}>
          <Button className="button" data-tone="primary" autoFocus>
            Choose Files…
          </Button>
        </FileTrigger>
      </div>
      {media.length > 0 && <KnownMedia media={media} />}
    </>
  );
}

function KnownMedia({ media }: { media: Medium[] }) {
  return (
    <section className="known-media">
      <h3>Or take an image that Twinbox has already</h3>
      <ListBox
        aria-label="Images"
        className="known-list"
        items={media}
        onAction={(id) => {
          const medium = media.find((candidate) => candidate.id === id);
          if (medium) addMedium(medium);
        }}
      >
        {(medium) => {
          const Icon = kindIcons[medium.kind];
          return (
            <ListBoxItem id={medium.id} textValue={medium.name} className="known-item">
              <Icon aria-hidden />
              <span className="known-name">{medium.name}</span>
              <span className="quiet">{medium.systemName}</span>
              <span className="quiet numeric">{formatBytes(medium.size)}</span>
            </ListBoxItem>
          );
        }}
      </ListBox>
    </section>
  );
}

function AddAnother() {
  return (
    <FileTrigger allowsMultiple onSelect={chosen}>
      <Button className="link-button">Add another image…</Button>
    </FileTrigger>
  );
}

function DraftForm({ draft }: { draft: Draft }) {
  const { medium, problem } = draft;
  const Icon = medium ? kindIcons[medium.kind] : Upload;
  return (
    <section className="draft" aria-label={draft.fileName}>
      <header className="draft-header">
        <Icon aria-hidden />
        <span className="draft-file">
          <span className="draft-name">{draft.fileName}</span>
          <span className="quiet">
            {medium
              ? `${recognised(medium)} · ${kindWords[medium.kind]} · ${formatBytes(medium.size)}`
              : formatBytes(draft.size)}
          </span>
        </span>
        <Button
          className="icon-button"
          aria-label={medium ? `Leave out ${draft.fileName}` : `Cancel ${draft.fileName}`}
          onPress={() => removeDraft(draft.key)}
        >
          <X aria-hidden />
        </Button>
      </header>
      {problem ? (
        <div className="draft-problem" role="alert">
          <TriangleAlert aria-hidden />
          <p>{problemText(problem)}</p>
          {!medium && (
            <Button className="button" onPress={() => retryUpload(draft.key)}>
              Try Again
            </Button>
          )}
        </div>
      ) : (
        !medium && <Progress draft={draft} />
      )}
      {medium && <Proposal draft={draft} medium={medium} />}
    </section>
  );
}

const recognised = (medium: Medium): string =>
  medium.system === "unknown" ? "System not recognised" : medium.systemName;

function Progress({ draft }: { draft: Draft }) {
  return (
    <ProgressBar aria-label={`Sending ${draft.fileName}`} className="progress" value={draft.progress * 100}>
      <div className="progress-track">
        <div className="progress-fill" style={{ width: `${draft.progress * 100}%` }} />
      </div>
      <span className="quiet numeric">
        {draft.progress < 1
          ? `${formatBytes(draft.progress * draft.size)} of ${formatBytes(draft.size)}, ${formatPercent(draft.progress)}`
          : "Recognising…"}
      </span>
    </ProgressBar>
  );
}

const lockedModes = {
  disposable: "Thrown away at power-off",
  "read-only": "Refused (write-protected)",
} as const;
const modes = { "read-write": "Kept in the image", ...lockedModes } as const;

function Proposal({ draft, medium }: { draft: Draft; medium: Medium }) {
  return (
    <div className="draft-fields">
      <TextInput
        label="Name"
        value={draft.name}
        maxLength={100}
        onChange={(name) => changeDraft(draft.key, { name })}
      />
      <NumberInput
        label="Memory"
        unit="MiB"
        minValue={LEAST_MEMORY}
        maxValue={MOST_MEMORY}
        next={nextMemory}
        value={draft.memoryMib}
        onChange={(memoryMib) => Number.isFinite(memoryMib) && changeDraft(draft.key, { memoryMib })}
      />
      {medium.kind !== "cdrom" && (
        <Choice
          label="What the guest writes"
          value={draft.mode}
          options={medium.readOnly ? lockedModes : modes}
          onChange={(mode) => changeDraft(draft.key, { mode })}
        />
      )}
    </div>
  );
}

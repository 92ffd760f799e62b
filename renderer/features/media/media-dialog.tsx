import { Disc3, HardDrive, Plus, Save, X } from "lucide-react";
import {
  Button,
  Cell,
  Column,
  Dialog,
  FileTrigger,
  Heading,
  Modal,
  ModalOverlay,
  Row,
  Table,
  TableBody,
  TableHeader,
} from "react-aria-components";
import type { MachineSummary, Medium } from "../../../electron/contract/manager.ts";
import { closeDialog } from "../../ui/dialogs.ts";
import { formatBytes } from "../../ui/format.ts";
import { useLibrary } from "../library/store.ts";
import { addFiles, addMedium } from "../new-machine/store.ts";
import "./media.css";

const kindIcons = { floppy: Save, disk: HardDrive, cdrom: Disc3 } as const;
const kindWords = { floppy: "Floppy", disk: "Hard disk", cdrom: "CD or DVD" } as const;

/** Names of the machines that have a medium in one of their drives. */
export function usersOf(medium: Medium, machines: Record<string, MachineSummary>): string[] {
  return Object.values(machines)
    .filter(({ settings }) => settings.drives.some((drive) => drive.medium === medium.id))
    .map(({ settings }) => settings.name);
}

/** Every image that Twinbox knows, and who uses it. */
export function MediaDialog() {
  const media = useLibrary((state) => state.media);
  const machines = useLibrary((state) => state.machines);
  const rows = Object.values(media).sort((a, b) => a.name.localeCompare(b.name));
  return (
    <ModalOverlay className="overlay" isOpen isDismissable onOpenChange={(open) => !open && closeDialog()}>
      <Modal className="modal modal-large">
        <Dialog className="dialog">
          <header className="dialog-header">
            <Heading slot="title">Media</Heading>
            <Button className="icon-button" aria-label="Close" onPress={closeDialog}>
              <X aria-hidden />
            </Button>
          </header>
          <div className="media-scroll">
            <Table aria-label="Media" className="table">
              <TableHeader>
                <Column isRowHeader>Name</Column>
                <Column>Kind</Column>
                <Column>System</Column>
                <Column className="numeric">Size</Column>
                <Column>Used by</Column>
                <Column>Machine</Column>
              </TableHeader>
              <TableBody
                items={rows}
                dependencies={[machines]}
                renderEmptyState={() => (
                  <p className="list-empty">No images yet. Drop one on the window, or add a file.</p>
                )}
              >
                {(medium) => <MediumRow medium={medium} users={usersOf(medium, machines)} />}
              </TableBody>
            </Table>
          </div>
          <footer className="dialog-actions">
            <FileTrigger allowsMultiple onSelect={(files) => files && addFiles([...files])}>
              <Button className="button">Add Files…</Button>
            </FileTrigger>
            <Button className="button" data-tone="primary" onPress={closeDialog}>
              Done
            </Button>
          </footer>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function MediumRow({ medium, users }: { medium: Medium; users: string[] }) {
  const Icon = kindIcons[medium.kind];
  return (
    <Row className="table-row" textValue={medium.name}>
      <Cell>
        <span className="medium-name">
          <Icon aria-hidden />
          {medium.name}
        </span>
      </Cell>
      <Cell>
        {kindWords[medium.kind]}
        {medium.readOnly && <span className="quiet"> (read-only)</span>}
      </Cell>
      <Cell>
        {medium.system === "unknown" ? <span className="quiet">Not recognised</span> : medium.systemName}
      </Cell>
      <Cell className="numeric">{formatBytes(medium.size)}</Cell>
      <Cell>{users.length > 0 ? users.join(", ") : <span className="quiet">No machine</span>}</Cell>
      <Cell>
        <Button
          className="tool-button"
          aria-label={`New machine from ${medium.name}`}
          onPress={() => addMedium(medium)}
        >
          <Plus aria-hidden />
          New
        </Button>
      </Cell>
    </Row>
  );
}

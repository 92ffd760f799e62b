import { ArrowUpFromLine, Disc3, HardDrive, Plus, Save, Trash2 } from "lucide-react";
import {
  Button,
  FileTrigger,
  Header,
  Menu,
  MenuItem,
  MenuSection,
  MenuTrigger,
  Popover,
} from "react-aria-components";
import type { MachineSummary, Medium } from "../../../electron/contract/manager.ts";
import type { DriveSettings, MachineSettings } from "../../../electron/contract/settings.ts";
import { currentHost } from "../../host/current-host.ts";
import { Hint } from "../../ui/controls.tsx";
import { formatBytes } from "../../ui/format.ts";
import { service } from "../connection/store.ts";
import { useLibrary } from "../library/store.ts";
import { proposedMode } from "../new-machine/drafts.ts";
import { notify, notifyProblem } from "../notifications/store.ts";
import { addDrive, slotWords } from "./settings-draft.ts";

const kindIcons = { floppy: Save, disk: HardDrive, cdrom: Disc3 } as const;
const modeWords = {
  "read-write": "writes are kept",
  "read-only": "read-only",
  disposable: "writes are thrown away at power-off",
};

interface Props {
  machine: MachineSummary;
  draft: MachineSettings;
  off: boolean;
  onChange(settings: MachineSettings): void;
}

/** A machine's drives and what is in them. Removable media change at once, also while the machine runs. */
export function StorageSection({ machine, draft, off, onChange }: Props) {
  const media = useLibrary((state) => state.media);
  const removeDrive = (slot: string) =>
    onChange({ ...draft, drives: draft.drives.filter((drive) => drive.slot !== slot) });

  return (
    <section className="details-section">
      <h3>Storage</h3>
      <ul className="rows">
        {draft.drives.map((drive) => (
          <DriveRow
            key={drive.slot}
            drive={drive}
            machine={machine}
            medium={drive.medium === null ? null : (media[drive.medium] ?? null)}
            isKnown={machine.settings.drives.some((saved) => saved.slot === drive.slot)}
            onRemove={off ? () => removeDrive(drive.slot) : null}
          />
        ))}
        {draft.drives.length === 0 && <li className="row quiet">No drives: only the firmware will run.</li>}
      </ul>
      {off && <AddDrive draft={draft} media={Object.values(media)} onChange={onChange} />}
    </section>
  );
}

interface DriveRowProps {
  drive: DriveSettings;
  machine: MachineSummary;
  medium: Medium | null;
  /** The drive is in the saved settings, so that its medium can be changed. */
  isKnown: boolean;
  onRemove: (() => void) | null;
}

function DriveRow({ drive, machine, medium, isKnown, onRemove }: DriveRowProps) {
  const Icon = kindIcons[drive.kind];
  const slot = slotWords[drive.slot];
  const missing = drive.medium !== null && medium === null;
  return (
    <li className="row drive">
      <Icon aria-hidden />
      <span className="drive-text">
        <span className="drive-name">
          {medium ? medium.name : missing ? "Its image is not in the media list any more" : "Empty"}
        </span>
        <span className="quiet">
          {slot}
          {medium && ` · ${formatBytes(medium.size)} · ${modeWords[drive.mode]}`}
        </span>
      </span>
      <span className="row-end">
        {drive.kind !== "disk" && isKnown && <ChangeMedium drive={drive} machine={machine.settings.id} />}
        {onRemove && (
          <Hint text="Remove this drive">
            <Button className="icon-button" aria-label={`Remove ${slot}`} onPress={onRemove}>
              <Trash2 aria-hidden />
            </Button>
          </Hint>
        )}
      </span>
    </li>
  );
}

/** Changes what is in a removable drive; says in words what could not be done. */
async function putIn(machine: string, slot: DriveSettings["slot"], medium: string | null): Promise<void> {
  try {
    await service().changeMedium(machine, slot, medium);
  } catch (error) {
    notifyProblem(error);
  }
}

async function uploadInto(machine: string, drive: DriveSettings, files: FileList | null): Promise<void> {
  const file = files?.[0];
  if (!file) return;
  try {
    notify(`Sending ${file.name}…`);
    const signal = new AbortController().signal;
    const medium = await currentHost().upload(file, { signal, onProgress() {} });
    await service().changeMedium(machine, drive.slot, medium.id);
  } catch (error) {
    notifyProblem(error);
  }
}

function ChangeMedium({ drive, machine }: { drive: DriveSettings; machine: string }) {
  const media = Object.values(useLibrary((state) => state.media)).filter(
    (medium) => medium.kind === drive.kind,
  );
  const slot = slotWords[drive.slot];
  return (
    <>
      <MenuTrigger>
        <Button className="button" aria-label={`Change the medium of ${slot}`}>
          Change…
        </Button>
        <Popover className="popover">
          <Menu
            className="menu"
            aria-label={`Media for ${slot}`}
            onAction={(id) => void putIn(machine, drive.slot, String(id))}
          >
            <MenuSection>
              <Header className="menu-header">
                {media.length > 0 ? "Put in" : "No image of this kind yet"}
              </Header>
              {media.map((medium) => (
                <MenuItem
                  key={medium.id}
                  id={medium.id}
                  className="menu-item"
                  isDisabled={medium.id === drive.medium}
                >
                  {medium.name}
                </MenuItem>
              ))}
            </MenuSection>
          </Menu>
        </Popover>
      </MenuTrigger>
      <FileTrigger onSelect={(files) => void uploadInto(machine, drive, files)}>
        <Button className="button" aria-label={`Put a file into ${slot}`}>
          File…
        </Button>
      </FileTrigger>
      <Hint text="Eject">
        <Button
          className="icon-button"
          aria-label={`Eject ${slot}`}
          isDisabled={drive.medium === null}
          onPress={() => void putIn(machine, drive.slot, null)}
        >
          <ArrowUpFromLine aria-hidden />
        </Button>
      </Hint>
    </>
  );
}

interface AddDriveProps {
  draft: MachineSettings;
  media: Medium[];
  onChange(settings: MachineSettings): void;
}

function AddDrive({ draft, media, onChange }: AddDriveProps) {
  const disks = media.filter((medium) => medium.kind === "disk");
  const add = (id: string) => {
    if (id === "cdrom" || id === "floppy")
      return onChange(addDrive(draft, id, null, id === "cdrom" ? "read-only" : "read-write"));
    const disk = disks.find((medium) => medium.id === id);
    if (disk) onChange(addDrive(draft, "disk", disk.id, proposedMode(disk)));
  };
  return (
    <MenuTrigger>
      <Button className="link-button">
        <Plus aria-hidden />
        Add a drive
      </Button>
      <Popover className="popover">
        <Menu className="menu" aria-label="Add a drive" onAction={(id) => add(String(id))}>
          <MenuSection aria-label="Removable">
            <MenuItem id="cdrom" className="menu-item">
              Empty CD or DVD drive
            </MenuItem>
            <MenuItem id="floppy" className="menu-item">
              Empty floppy drive
            </MenuItem>
          </MenuSection>
          <MenuSection>
            <Header className="menu-header">
              {disks.length > 0 ? "Hard disks" : "No hard disk image yet"}
            </Header>
            {disks.map((disk) => (
              <MenuItem key={disk.id} id={disk.id} className="menu-item">
                {disk.name}
              </MenuItem>
            ))}
          </MenuSection>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

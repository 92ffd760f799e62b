import { ArrowDown, ArrowUp } from "lucide-react";
import { useEffect, useState } from "react";
import { Button, GridList, GridListItem } from "react-aria-components";
import type { MachineSummary } from "../../../electron/contract/manager.ts";
import type { MachineSettings } from "../../../electron/contract/settings.ts";
import { Choice, NumberInput, TextInput } from "../../ui/controls.tsx";
import { service } from "../connection/store.ts";
import { isOff, useLibrary } from "../library/store.ts";
import { LEAST_MEMORY, MOST_MEMORY, nextMemory } from "../new-machine/drafts.ts";
import { notify, notifyProblem } from "../notifications/store.ts";
import {
  bootWords,
  codeMemoryOf,
  codeMemoryWords,
  cpuOf,
  cpuWords,
  moveBoot,
  settingsProblem,
  withCodeMemory,
  withCpu,
} from "./settings-draft.ts";
import { StorageSection } from "./storage-section.tsx";
import "./details.css";

const sameSettings = (a: MachineSettings, b: MachineSettings): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

/** A machine's settings: changed here while it is off, shown while it runs (media change at any time). */
export function DetailsPanel({ machine }: { machine: MachineSummary }) {
  const saved = machine.settings;
  const [draft, setDraft] = useState(saved);
  const [base, setBase] = useState(saved);
  const off = isOff(machine.state);
  const systemName = useLibrary(({ media }) => {
    if (saved.system === "unknown") return "Not recognised";
    return Object.values(media).find((medium) => medium.system === saved.system)?.systemName ?? saved.system;
  });

  // What others change meanwhile (a medium ejected by the guest) is taken over, unless it is being edited here.
  useEffect(() => {
    if (sameSettings(saved, base)) return;
    setDraft((current) => (sameSettings(current, base) ? saved : current));
    setBase(saved);
  }, [saved, base]);

  const changed = !sameSettings(draft, saved);
  const problem = settingsProblem(draft);
  const change = (part: Partial<MachineSettings>) => setDraft((current) => ({ ...current, ...part }));
  const save = async () => {
    try {
      await service().updateMachine({ ...draft, name: draft.name.trim() });
      notify(`The settings of ${draft.name.trim()} are saved.`);
    } catch (error) {
      notifyProblem(error);
    }
  };

  return (
    <div className="details">
      <form
        className="details-scroll"
        aria-label={`Settings of ${saved.name}`}
        onSubmit={(event) => {
          event.preventDefault();
          if (changed && !problem && off) void save();
        }}
      >
        {!off && (
          <p className="details-note">
            Power the machine off to change its settings. Media can be changed now.
          </p>
        )}
        <section className="details-section">
          <h3>General</h3>
          <TextInput
            label="Name"
            maxLength={100}
            isDisabled={!off}
            value={draft.name}
            onChange={(name) => change({ name })}
          />
          <dl className="facts">
            <dt>System</dt>
            <dd>{systemName}</dd>
            <dt>Runs on</dt>
            <dd>{draft.engine === "pc" ? "Twinbox's own PC" : draft.engine}</dd>
          </dl>
        </section>
        <section className="details-section">
          <h3>System</h3>
          <NumberInput
            label="Memory"
            unit="MiB"
            next={nextMemory}
            isDisabled={!off}
            minValue={LEAST_MEMORY}
            maxValue={MOST_MEMORY}
            value={draft.memoryMib}
            onChange={(memoryMib) => Number.isFinite(memoryMib) && change({ memoryMib })}
          />
          <Choice
            label="Processor"
            isDisabled={!off}
            value={cpuOf(draft)}
            options={cpuWords}
            onChange={(cpu) => setDraft(withCpu(draft, cpu))}
          />
          {draft.engine === "pc" && (
            <Choice
              label="Memory for compiled code"
              isDisabled={!off}
              value={codeMemoryOf(draft)}
              options={codeMemoryWords(draft)}
              onChange={(word) => setDraft(withCodeMemory(draft, word))}
            />
          )}
          <BootOrder
            order={draft.bootOrder}
            isDisabled={!off}
            onChange={(bootOrder) => change({ bootOrder })}
          />
        </section>
        <StorageSection machine={machine} draft={draft} off={off} onChange={setDraft} />
      </form>
      {off && changed && (
        <footer className="details-actions">
          <span className="dialog-note" role="status">
            {problem ?? "Not saved yet"}
          </span>
          <Button className="button" onPress={() => setDraft(saved)}>
            Revert
          </Button>
          <Button
            className="button"
            data-tone="primary"
            isDisabled={problem !== null}
            onPress={() => void save()}
          >
            Save
          </Button>
        </footer>
      )}
    </div>
  );
}

interface BootOrderProps {
  order: MachineSettings["bootOrder"];
  isDisabled: boolean;
  onChange(order: MachineSettings["bootOrder"]): void;
}

function BootOrder({ order, isDisabled, onChange }: BootOrderProps) {
  return (
    <div className="field">
      <span className="label">Boot order</span>
      <GridList aria-label="Boot order" className="rows">
        {order.map((device, index) => (
          <GridListItem key={device} id={device} textValue={bootWords[device]} className="row">
            <span className="numeric quiet">{index + 1}</span>
            <span>{bootWords[device]}</span>
            <span className="row-end">
              <Button
                className="icon-button"
                aria-label={`Move ${bootWords[device]} up`}
                isDisabled={isDisabled || index === 0}
                onPress={() => onChange(moveBoot(order, device, -1))}
              >
                <ArrowUp aria-hidden />
              </Button>
              <Button
                className="icon-button"
                aria-label={`Move ${bootWords[device]} down`}
                isDisabled={isDisabled || index === order.length - 1}
                onPress={() => onChange(moveBoot(order, device, 1))}
              >
                <ArrowDown aria-hidden />
              </Button>
            </span>
          </GridListItem>
        ))}
      </GridList>
    </div>
  );
}

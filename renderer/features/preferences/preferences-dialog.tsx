import { X } from "lucide-react";
import {
  Button,
  Checkbox,
  Dialog,
  Heading,
  Label,
  Modal,
  ModalOverlay,
  Radio,
  RadioGroup,
} from "react-aria-components";
import { CheckMark, Choice } from "../../ui/controls.tsx";
import { closeDialog } from "../../ui/dialogs.ts";
import { hostKeyNames, type Preferences, scaleModes, setPreferences, usePreferences } from "./store.ts";

const themes: [Preferences["theme"], string][] = [
  ["system", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
];

const scaleWords: Record<Preferences["scaleMode"], string> = {
  fit: "Fit to the pane: as large as it goes",
  whole: "Whole multiples: every pixel the same size",
  actual: "Actual size: scrolls where it does not fit",
};

/** What the person chooses once for the whole window. It takes effect at once. */
export function PreferencesDialog() {
  const preferences = usePreferences();
  return (
    <ModalOverlay className="overlay" isOpen isDismissable onOpenChange={(open) => !open && closeDialog()}>
      <Modal className="modal modal-small">
        <Dialog className="dialog">
          <header className="dialog-header">
            <Heading slot="title">Preferences</Heading>
            <Button className="icon-button" aria-label="Close" onPress={closeDialog}>
              <X aria-hidden />
            </Button>
          </header>
          <RadioGroup
            className="field"
            value={preferences.theme}
            onChange={(theme) => setPreferences({ theme: theme as Preferences["theme"] })}
          >
            <Label>Appearance</Label>
            <div className="segments">
              {themes.map(([value, word]) => (
                <Radio key={value} value={value} className="segment">
                  {word}
                </Radio>
              ))}
            </div>
          </RadioGroup>
          <Choice
            label="Host key: releases keyboard and mouse from a guest"
            value={preferences.hostKey}
            options={hostKeyNames}
            onChange={(hostKey) => setPreferences({ hostKey })}
          />
          <RadioGroup
            className="field"
            value={preferences.scaleMode}
            onChange={(mode) => setPreferences({ scaleMode: mode as Preferences["scaleMode"] })}
          >
            <Label>Size of a guest's screen</Label>
            {scaleModes.map((mode) => (
              <Radio key={mode} value={mode} className="radio">
                {scaleWords[mode]}
              </Radio>
            ))}
          </RadioGroup>
          <Checkbox
            className="checkbox"
            isSelected={preferences.screenReader}
            onChange={(screenReader) => setPreferences({ screenReader })}
          >
            <CheckMark />
            Make serial terminals readable by screen readers
          </Checkbox>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

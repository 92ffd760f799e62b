import { X } from "lucide-react";
import { Button, Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { hostKeyNames, usePreferences } from "../features/preferences/store.ts";
import { closeDialog } from "../ui/dialogs.ts";
import { shortcutCommands } from "./all.ts";
import { useKeyWords } from "./command-ui.tsx";

/** Every combination of keys, as the commands have them. */
export function KeysDialog() {
  const keyWords = useKeyWords();
  const hostKey = usePreferences((state) => hostKeyNames[state.hostKey]);
  const withKeys = shortcutCommands.filter(
    (command) => command.keys !== undefined && !/f\d+$/.test(command.id),
  );
  return (
    <ModalOverlay className="overlay" isOpen isDismissable onOpenChange={(open) => !open && closeDialog()}>
      <Modal className="modal modal-large">
        <Dialog className="dialog">
          <header className="dialog-header">
            <Heading slot="title">Keyboard Shortcuts</Heading>
            <Button className="icon-button" aria-label="Close" onPress={closeDialog}>
              <X aria-hidden />
            </Button>
          </header>
          <p className="quiet">
            {hostKey} is the host key. Pressed alone it gives the keyboard to the guest and takes it back; the
            guest never sees it.
          </p>
          <dl className="key-list">
            {withKeys.map((command) => (
              <div key={command.id}>
                <dt>{command.label.replace(/…$/, "")}</dt>
                <dd>
                  <kbd>{keyWords(command.keys)}</kbd>
                </dd>
              </div>
            ))}
            <div>
              <dt>Send Ctrl+Alt+F1 to F12</dt>
              <dd>
                <kbd>{keyWords("Host+F1…F12")}</kbd>
              </dd>
            </div>
          </dl>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

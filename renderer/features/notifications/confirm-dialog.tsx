import { useState } from "react";
import { Button, Checkbox, Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { CheckMark } from "../../ui/controls.tsx";
import { type ConfirmRequest, useNotifications } from "./store.ts";

/** The one question box of the window. */
export function ConfirmDialog() {
  const request = useNotifications((state) => state.confirm);
  if (!request) return null;
  return <OpenConfirm key={request.title} request={request} />;
}

function OpenConfirm({ request }: { request: ConfirmRequest }) {
  const [option, setOption] = useState(false);
  const answer = (confirmed: boolean) => request.resolve({ confirmed, option: confirmed && option });
  return (
    <ModalOverlay className="overlay" isOpen isDismissable onOpenChange={(open) => !open && answer(false)}>
      <Modal className="modal modal-small">
        <Dialog role="alertdialog" className="dialog">
          <Heading slot="title">{request.title}</Heading>
          <p>{request.body}</p>
          {request.option && (
            <Checkbox className="checkbox" isSelected={option} onChange={setOption}>
              <CheckMark />
              {request.option}
            </Checkbox>
          )}
          <footer className="dialog-actions">
            <Button className="button" autoFocus onPress={() => answer(false)}>
              Cancel
            </Button>
            <Button className="button" data-tone="danger" onPress={() => answer(true)}>
              {request.action}
            </Button>
          </footer>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

import { Unplug } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "react-aria-components";
import { Group, Panel, Separator } from "react-resizable-panels";
import { KeysDialog } from "./commands/keys-dialog.tsx";
import { Palette } from "./commands/palette.tsx";
import { useConnection } from "./features/connection/store.ts";
import { LibraryPanel } from "./features/library/library-panel.tsx";
import { MediaDialog } from "./features/media/media-dialog.tsx";
import { NewMachineDialog } from "./features/new-machine/new-machine-dialog.tsx";
import { WindowDrop } from "./features/new-machine/window-drop.tsx";
import { ConfirmDialog } from "./features/notifications/confirm-dialog.tsx";
import { Toasts } from "./features/notifications/toasts.tsx";
import { PreferencesDialog } from "./features/preferences/preferences-dialog.tsx";
import { useWorkspace } from "./features/workspace/store.ts";
import { Workspace } from "./features/workspace/workspace.tsx";
import { type DialogName, useDialogs } from "./ui/dialogs.ts";
import { ErrorBoundary } from "./ui/error-boundary.tsx";

const dialogs: Record<DialogName, () => ReactNode> = {
  "new-machine": NewMachineDialog,
  media: MediaDialog,
  preferences: PreferencesDialog,
  palette: Palette,
  keys: KeysDialog,
};

/** The window: machines on the left, panes on the right. */
export function App({ onReconnect }: { onReconnect(): void }) {
  const sidebar = useWorkspace((state) => state.sidebar);
  const open = useDialogs((state) => state.open);
  const Dialog = open && dialogs[open];
  return (
    <div className="app">
      <LostBanner onReconnect={onReconnect} />
      <main className="app-main">
        <h1 className="visually-hidden">Twinbox</h1>
        <Group orientation="horizontal" id="window">
          {sidebar && (
            <>
              <Panel
                id="sidebar"
                defaultSize={264}
                minSize={200}
                maxSize={480}
                groupResizeBehavior="preserve-pixel-size"
              >
                <ErrorBoundary what="The list of machines">
                  <LibraryPanel />
                </ErrorBoundary>
              </Panel>
              <Separator className="splitter" aria-label="Width of the machine list" />
            </>
          )}
          <Panel id="panes">
            <ErrorBoundary what="The panes">
              <Workspace />
            </ErrorBoundary>
          </Panel>
        </Group>
      </main>
      <ErrorBoundary what="This dialog">{Dialog && <Dialog />}</ErrorBoundary>
      <ConfirmDialog />
      <WindowDrop />
      <Toasts />
    </div>
  );
}

/** Says that the server is away, while the window goes on showing what it knows. */
function LostBanner({ onReconnect }: { onReconnect(): void }) {
  const lost = useConnection((state) => state.status === "lost");
  if (!lost) return null;
  return (
    <div className="banner" role="alert">
      <Unplug aria-hidden />
      <p>
        Twinbox's server does not answer; this window tries again. If it was started anew, open the address
        that it has printed.
      </p>
      <Button className="button" onPress={onReconnect}>
        Try Now
      </Button>
    </div>
  );
}

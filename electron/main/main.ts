import { join } from "node:path";
import {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  type MessagePortMain,
  powerSaveBlocker,
  protocol,
  session,
  utilityProcess,
} from "electron/main";
import { addDemo } from "../manager/demo.ts";
import { Manager } from "../manager/manager.ts";
import { DEMO_IMAGE, defaultHome, RENDERER, ROOT, VM_HOST } from "../platform/paths.ts";
import { answerAppRequest } from "./app-protocol.ts";
import { serveBridge } from "./bridge.ts";
import { allowsPermission, isOwnUrl, ORIGIN } from "./policy.ts";
import { UtilityStarter } from "./utility-starter.ts";

/** The Electron shell: one window, the machines' processes, and nothing of their insides. */

const PRELOAD = join(ROOT, "dist/preload/preload.cjs");
const onError = (error: unknown): void => console.error(error);

protocol.registerSchemesAsPrivileged([
  { scheme: "app", privileges: { standard: true, secure: true, supportFetchAPI: true } },
]);
app.enableSandbox();

if (!app.requestSingleInstanceLock()) app.quit();
else
  app
    .whenReady()
    .then(start)
    .catch((error) => {
      dialog.showErrorBox("Twinbox cannot start", error instanceof Error ? error.message : String(error));
      app.exit(1);
    });

async function start(): Promise<void> {
  const starter = new UtilityStarter(VM_HOST, (program, args, options) =>
    utilityProcess.fork(program, args, options),
  );
  app.on("child-process-gone", (_event, { name, reason }) => {
    if (name !== undefined) starter.noteGone(name, reason);
  });
  const manager = await Manager.open(defaultHome(), starter);
  await addDemo(manager, DEMO_IMAGE).catch(onError);

  guardPages();
  protocol.handle("app", ({ url, method }) => answerAppRequest(RENDERER, url, method));
  serveBridge(ipcMain, manager, onError);
  stayAwake(manager);
  // The menu's shortcuts would take keys from the guests; macOS cannot do without its own.
  Menu.setApplicationMenu(
    process.platform === "darwin"
      ? Menu.buildFromTemplate([{ role: "appMenu" }, { role: "editMenu" }])
      : null,
  );

  let window = openWindow(manager);
  app.on("second-instance", () => {
    if (window.isMinimized()) window.restore();
    window.focus();
  });
  app.on("activate", () => {
    if (window.isDestroyed()) window = openWindow(manager);
  });
  app.on("window-all-closed", () => app.quit());
  quitCleanly(manager);
}

/** No page of this application goes elsewhere, opens anything, or gets a right that is not listed. */
function guardPages(): void {
  app.on("web-contents-created", (_event, contents) => {
    contents.setWindowOpenHandler(() => ({ action: "deny" }));
    contents.on("will-attach-webview", (event) => event.preventDefault());
    contents.on("will-navigate", (event) => {
      if (!isOwnUrl(event.url)) event.preventDefault();
    });
  });
  const { defaultSession } = session;
  defaultSession.setPermissionRequestHandler((_contents, permission, answer, { requestingUrl }) =>
    answer(allowsPermission(permission, requestingUrl)),
  );
  defaultSession.setPermissionCheckHandler((_contents, permission, origin) =>
    allowsPermission(permission, origin),
  );
  defaultSession.setDevicePermissionHandler(() => false);
}

function openWindow(manager: Manager<MessagePortMain>): BrowserWindow {
  const window = new BrowserWindow({
    width: 1280,
    height: 800,
    minWidth: 720,
    minHeight: 480,
    title: "Twinbox",
    show: false,
    webPreferences: {
      preload: PRELOAD,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      spellcheck: false,
    },
  });
  window.once("ready-to-show", () => window.show());
  // Closing the window ends the machines: not without a word.
  window.on("close", (event) => {
    if (!manager.hasRunning) return;
    const answer = dialog.showMessageBoxSync(window, {
      type: "question",
      message: "Machines are running.",
      detail: "Closing the window powers them off, as if their plug were pulled.",
      buttons: ["Keep running", "Power off and close"],
      defaultId: 0,
      cancelId: 0,
    });
    if (answer === 0) event.preventDefault();
  });
  void window.loadURL(`${ORIGIN}/index.html`);
  return window;
}

function quitCleanly(manager: Manager<MessagePortMain>): void {
  let closed = false;
  app.on("will-quit", (event) => {
    if (closed) return;
    event.preventDefault();
    void manager.close().finally(() => {
      closed = true;
      app.quit();
    });
  });
}

/** A running machine keeps the computer from going to sleep. */
function stayAwake(manager: Manager<MessagePortMain>): void {
  let blocker: number | null = null;
  manager.events.on(() => {
    if (manager.hasRunning && blocker === null) blocker = powerSaveBlocker.start("prevent-app-suspension");
    else if (!manager.hasRunning && blocker !== null) {
      powerSaveBlocker.stop(blocker);
      blocker = null;
    }
  });
}

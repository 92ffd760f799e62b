import { keyboardOwner, targetOf } from "../features/console/capture.ts";
import { KeyRouter } from "../features/console/key-router.ts";
import { isMac, usePreferences } from "../features/preferences/store.ts";
import { activePane, useWorkspace } from "../features/workspace/store.ts";
import { shortcutCommands } from "./all.ts";
import { currentContext, execute } from "./command.ts";
import { matchesKeys, parseKeys } from "./keys.ts";

const combinations = shortcutCommands
  .filter((command) => command.keys !== undefined)
  .map((command) => ({ command, keys: parseKeys(command.keys!) }));

/** A question or a form is open: the window behind it takes no shortcuts. */
const isModalOpen = (): boolean => document.querySelector(".overlay") !== null;

/** Routes every key of the window; the returned function stops. */
export function listenForKeys(): () => void {
  const router = new KeyRouter({
    hostKey: () => usePreferences.getState().hostKey,
    owner: keyboardOwner,
    capture() {
      if (!isModalOpen()) targetOf(activePane(useWorkspace.getState()).key)?.focus();
    },
    runShortcut(event, hostHeld) {
      if (isModalOpen()) return false;
      const context = currentContext();
      return combinations.some(
        ({ command, keys }) => matchesKeys(keys, event, hostHeld, isMac) && execute(command, context),
      );
    },
  });
  const down = (event: KeyboardEvent) => router.keyDown(event);
  const up = (event: KeyboardEvent) => router.keyUp(event);
  const blur = () => router.reset();
  window.addEventListener("keydown", down, true);
  window.addEventListener("keyup", up, true);
  window.addEventListener("blur", blur);
  return () => {
    window.removeEventListener("keydown", down, true);
    window.removeEventListener("keyup", up, true);
    window.removeEventListener("blur", blur);
  };
}

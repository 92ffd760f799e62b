import type { Page } from "playwright-core";
import { keysForCharacter } from "../electron/contract/us-keyboard.ts";

/** Chooses a machine in the list. */
export const choose = (page: Page, name: string): Promise<void> =>
  page.getByRole("row", { name, exact: true }).click({ position: { x: 120, y: 20 } });

/** Opens a machine beside the active pane. */
export async function openBeside(page: Page, name: string): Promise<void> {
  await page.getByRole("row", { name, exact: true }).hover();
  await page.getByRole("button", { name: `Open ${name} beside` }).click();
}

/** The pane that shows a machine. */
export const paneOf = (page: Page, name: string) =>
  page.locator("section.pane", { has: page.getByRole("heading", { name, exact: true }) });

/** Shows another view of a machine's pane. */
export const view = (page: Page, machine: string, name: "Screen" | "Serial" | "Details"): Promise<void> =>
  paneOf(page, machine).getByRole("radio", { name }).click();

/** The text of a terminal's visible lines. */
export const terminalText = async (page: Page, machine: string): Promise<string> =>
  (await paneOf(page, machine).locator(".xterm-rows > div").allTextContents())
    .join("\n")
    .replaceAll("\u00a0", " ");

/** Types a line into a machine's terminal. */
export async function typeIntoTerminal(page: Page, machine: string, line: string): Promise<void> {
  await paneOf(page, machine).locator(".xterm").click();
  await page.keyboard.type(`${line}\n`);
}

/** Chooses files for a new machine. */
export async function newMachineFrom(
  page: Page,
  files: { name: string; mimeType: string; buffer: Buffer }[] | string[],
): Promise<void> {
  await page.getByRole("navigation", { name: "Machines" }).getByRole("button", { name: "New" }).click();
  await page.locator("input[type=file]").setInputFiles(files);
}

/** A picture's pixels, as a number that changes whenever they do. */
export const screenHash = (page: Page, machine: string): Promise<number> =>
  paneOf(page, machine)
    .locator("canvas.screen")
    .evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      let hash = 0;
      for (let at = 0; at < data.length; at += 4)
        hash = (Math.imul(hash, 31) + data[at]! + 7 * data[at + 1]!) | 0;
      return hash;
    });

/** Gives the keyboard to a machine by a click on its screen, types, and takes it back with the host key. */
export async function typeOnScreen(page: Page, machine: string, text: string): Promise<void> {
  await paneOf(page, machine).locator("canvas.screen").click();
  // The page's own typing leaves Shift alone, and a guest sees keys rather than characters.
  for (const character of text) {
    const keys = keysForCharacter(character);
    if (!keys) throw new Error(`no key types ${JSON.stringify(character)}`);
    await page.keyboard.press(keys.join("+"), { delay: KEY_MS });
  }
  await page.keyboard.press("ControlRight");
}

/** Milliseconds that a key is held: more than a BIOS needs to take it. */
const KEY_MS = 20;

/** Drops files on the window, as from a file manager. */
export async function drop(page: Page, files: readonly { name: string; content: Buffer }[]): Promise<void> {
  const sent = files.map(({ name, content }) => ({ name, base64: content.toString("base64") }));
  const dataTransfer = await page.evaluateHandle((dropped) => {
    const transfer = new DataTransfer();
    for (const { name, base64 } of dropped)
      transfer.items.add(new File([Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0))], name));
    return transfer;
  }, sent);
  await page.dispatchEvent("body", "dragenter", { dataTransfer });
  await page.getByText("Drop to make a machine").waitFor();
  await page.dispatchEvent("body", "drop", { dataTransfer });
}

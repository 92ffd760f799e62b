import { Upload } from "lucide-react";
import { useEffect, useState } from "react";
import { addFiles } from "./store.ts";

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;

/** Takes files that are dropped anywhere on the window. */
export function WindowDrop() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    // Every element that is entered and left reports: the drag is over the window while more were entered than left.
    let depth = 0;
    const handlers: [keyof WindowEventMap, (event: DragEvent) => void][] = [
      [
        "dragenter",
        (event) => {
          if (!hasFiles(event)) return;
          event.preventDefault();
          depth++;
          setOver(true);
        },
      ],
      [
        "dragover",
        (event) => {
          if (!hasFiles(event)) return;
          event.preventDefault();
          event.dataTransfer!.dropEffect = "copy";
        },
      ],
      [
        "dragleave",
        (event) => {
          if (hasFiles(event) && --depth <= 0) {
            depth = 0;
            setOver(false);
          }
        },
      ],
      [
        "drop",
        (event) => {
          depth = 0;
          setOver(false);
          if (!hasFiles(event)) return;
          event.preventDefault();
          addFiles([...event.dataTransfer!.files]);
        },
      ],
    ];
    for (const [type, handler] of handlers) window.addEventListener(type, handler as EventListener);
    return () => {
      for (const [type, handler] of handlers) window.removeEventListener(type, handler as EventListener);
    };
  }, []);

  return (
    over && (
      <div className="drop-overlay">
        <div>
          <Upload aria-hidden />
          <strong>Drop to make a machine</strong>
          <span>Each image becomes one</span>
        </div>
      </div>
    )
  );
}

import { Fragment } from "react";
import { Group, Panel, Separator } from "react-resizable-panels";
import { PaneView } from "./pane-view.tsx";
import { useWorkspace } from "./store.ts";
import "./workspace.css";

/** The panes beside each other, with a splitter between two. */
export function Workspace() {
  const panes = useWorkspace((state) => state.panes);
  const layout = useWorkspace((state) => state.layout);
  const keys = panes.map((pane) => pane.key);
  const known = keys.every((key) => key in layout);
  return (
    // The group keeps the sizes it was given first: another set of panes is another group.
    <Group
      key={keys.join()}
      className="panes"
      orientation="horizontal"
      {...(known && { defaultLayout: layout })}
      onLayoutChanged={(sizes) => useWorkspace.setState({ layout: sizes })}
    >
      {panes.map((pane, index) => (
        <Fragment key={pane.key}>
          {index > 0 && <Separator className="splitter" aria-label="Width of the panes" />}
          <Panel id={pane.key} minSize={240}>
            <PaneView pane={pane} />
          </Panel>
        </Fragment>
      ))}
    </Group>
  );
}

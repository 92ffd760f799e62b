import { Component, type ReactNode } from "react";
import { problemOf, problemText } from "./problem.ts";

interface Props {
  /** What the person sees missing: `This pane`. */
  what: string;
  children: ReactNode;
}

/** Shows a fault of one part in words and offers to draw it again; the rest of the window goes on. */
export class ErrorBoundary extends Component<Props, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error: error ?? new Error("unknown fault") };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <div className="empty" role="alert">
        <h2>{this.props.what} could not be shown</h2>
        <p>{problemText(problemOf(this.state.error))}</p>
        <button type="button" className="button" onClick={() => this.setState({ error: null })}>
          Show again
        </button>
      </div>
    );
  }
}

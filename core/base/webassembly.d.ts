// The part of WebAssembly's JavaScript interface that core uses: TypeScript declares it only with the DOM.
declare global {
  namespace WebAssembly {
    type ExportValue = unknown;
    // biome-ignore lint/suspicious/noExplicitAny: what a module exports is known only to who made it.
    type Exports = Record<string, any>;
    type Imports = Record<string, Record<string, unknown>>;

    class Memory {
      constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
      readonly buffer: ArrayBuffer;
    }

    class Table {
      constructor(descriptor: { initial: number; element: "anyfunc" });
      readonly length: number;
      set(index: number, value: unknown): void;
      grow(delta: number): number;
    }

    class Global {
      constructor(descriptor: { value: "i32" | "i64"; mutable: boolean }, value: number);
    }

    class Module {
      constructor(bytes: Uint8Array);
    }

    class Instance {
      constructor(module: Module, imports?: Imports);
      readonly exports: Exports;
    }

    function validate(bytes: Uint8Array): boolean;
  }
}

export {};

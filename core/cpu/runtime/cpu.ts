// The one name through which all state of a processor is reached: a second one is the same code, instantiated
// with another base.

// @ts-ignore: decorator of AssemblyScript
@external("env", "cpu")
export declare const CPU: usize;

// The one name through which all state of the processor is reached.

import { CPU_BASE } from "../layout";

export const CPU: usize = CPU_BASE;

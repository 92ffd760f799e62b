// Where everything lies in the machine's one WebAssembly memory. TypeScript and AssemblyScript both compile
// this file, so it holds nothing but `export const NAME = number;`.

// --- Absolute places -------------------------------------------------------------------------------------

/** First processor's state block; more processors would follow, CPU_SIZE apart. */
export const CPU_BASE = 0x10000;
export const CPU_SIZE = 0x110000;

/**
 * Jump cache: blocks by instruction pointer, JUMP_ENTRIES entries. What it says holds where the translation table has
 * the same physical page, and until the block is dropped.
 */
export const JUMP_CACHE = 0x1c0000;
export const JUMP_ENTRIES = 0x4000;
export const JUMP_ENTRY_SIZE = 16;
/**
 * Low 32 bits of the instruction pointer, physical page with MODE in its low bits, address of the first record, and the
 * table index of what the block is compiled to, 0 if it is not known to be (u32 each).
 */
export const JUMP_IP = 0;
export const JUMP_PLACE = 4;
export const JUMP_RECORD = 8;
export const JUMP_REGION = 12;

/** How often addresses of records have got another meaning: what remembers them (REC_NEXT) tells when that was (u32). */
export const RECORDS_AGE = 0x1bff00;

/** For each physical page, 64 bits: bit n is set when the 64 bytes from n × 64 hold decoded code. */
export const CODE_BITS = 0x200000;
/** For each physical page, its host page address and PAGE_* flags; 0 is not memory. */
export const PHYSICAL_MAP = 0xa00000;
/** For each page of video memory, a byte that is 1 when it was written since last collected. */
export const VIDEO_DIRTY = 0xe00000;

/** Decoded-instruction records. */
export const RECORDS = 0x1000000;
export const RECORDS_SIZE = 0x2c00000;
/** Firmware and option ROMs, 2 MiB. */
export const ROM = 0x5000000;
export const ROM_SIZE = 0x200000;
/** Block table: 262 144 entries of BLOCK_ENTRY_SIZE bytes, found by physical address and mode. */
export const BLOCK_TABLE = 0x5200000;
export const BLOCK_TABLE_ENTRIES = 0x40000;
export const BLOCK_ENTRY_SIZE = 16;
/** Physical address of the block's first instruction; NO_BLOCK when empty. */
export const BLOCK_PHYSICAL = 0;
export const BLOCK_MODE = 4;
/** Address of its first record. */
export const BLOCK_RECORD = 8;
/** Instructions in it (u16), then its length in bytes (u16). */
export const BLOCK_COUNT = 12;
export const BLOCK_LENGTH = 14;
export const NO_BLOCK = 0xffffffff;

/** Video memory, 16 MiB. */
export const VIDEO = 0x5600000;
export const VIDEO_SIZE = 0x1000000;
/** Guest RAM. */
export const RAM = 0x6600000;

/** Flags in PHYSICAL_MAP: the guest may read the host page directly; write it; writes are noted in VIDEO_DIRTY. */
export const PAGE_READ = 1;
export const PAGE_WRITE = 2;
export const PAGE_VIDEO = 4;

// --- Processor state, from the processor's base --------------------------------------------------------

/** RAX RCX RDX RBX RSP RBP RSI RDI R8 … R15, 8 bytes each. */
export const GPR = 0x000;
export const RIP = 0x080;
/** Lazy flags: ZF, SF and PF come from this sign-extended result … */
export const FLAGS_RESULT = 0x088;
/** … and the rest from here: bit 31 CF, bit 30 CF⊕OF, bit 3 AF, bit 0 flips SF, bits 8 to 15 flip PF. */
export const FLAGS_AUX = 0x090;
/** EFLAGS without the six arithmetic flags; bit 1 is set. */
export const EFLAGS = 0x094;
// Flags as compiled code passes them on: an operation plus the size of its operands in bits.
/**
 * Those that the last compiled region has left as an operation, which is this kind (u32), and its operands (u64 each); 0: the two
 * words above have them.
 */
export const FLAGS_KIND = 0x500;
export const FLAGS_A = 0x508;
export const FLAGS_B = 0x510;
export const FLAGS_SIZE_MASK = 0x7f;
export const FLAGS_OPERATION = 0xf00;
export const FLAGS_ADD = 0x100;
/** Of these CF is always given. */
export const FLAGS_SUB = 0x200;
export const FLAGS_LOGIC = 0x300;
/** The two words as they are. */
export const FLAGS_STORED = 0x400;
/** A subtraction with the CF that it gives. */
export const FLAGS_COMPARE = 0x500;
/** CF is not the operation's but the bit at FLAGS_CARRY_SHIFT, and only the result was kept: it adds or subtracts 1. */
export const FLAGS_CARRY_GIVEN = 0x1000;
export const FLAGS_CARRY_SHIFT = 13;
/** Always 0: what an effective address without base or index adds. */
export const ZERO = 0x098;
/** Instructions that may still run before the dispatcher must look around. */
export const BUDGET = 0x0a0;
/** 1: interrupts are held off for one instruction; 2: debug traps too (MOV SS, POP SS). */
export const SHADOW = 0x0a4;
/** 1 after HLT, 2 after SHUTDOWN (triple fault). */
export const HALTED = 0x0a8;
/** Vector of the exception that an instruction has just met, -1 if none; or one of the four that follow. */
export const EXCEPTION = 0x0ac;
/** Compiled code has met a store into decoded code, or an access that was to be to plain memory and is not: the interpreter must do it. */
export const EXCEPTION_REFUSED = -2;
/** Compiled code has called so deep that everything returns to the dispatcher, to begin anew. */
export const CALLED_TOO_DEEP = -3;
/** The debugger has a breakpoint here, or a watchpoint on what the instruction would access. */
export const BREAKPOINT_MET = 0x100;
export const WATCHPOINT_MET = 0x101;
/** With the bytes of an access of compiled code: it is refused where it is not to memory that keeps what is stored. */
export const PLAIN_ONLY = 0x100;
/** Its error code, -1 if it has none. */
export const EXCEPTION_ERROR = 0x0b0;
/** Record being executed, stored before calls that may throw. */
export const CURRENT_RECORD = 0x0b4;
/** Instruction pointer at the start of the block being executed. */
export const BLOCK_IP = 0x0b8;
/** Key of the current mode for blocks: the MODE_* bits below. */
export const MODE = 0x0c0;
export const CPL = 0x0c4;
/** Address of the translation table by which instructions reach memory now. */
export const TLB_POINTER = 0x0c8;
/** All ones, or without bit 20 when the A20 gate is closed. */
export const A20_MASK = 0x0cc;
/** Linear addresses between these were entered from large pages: INVLPG there looks for more than one entry. */
export const LARGE_LOW = 0x0d0;
export const LARGE_HIGH = 0x0d8;
/** Instructions retired before the budget now running was given (u64). */
export const RETIRED = 0x0e0;
/** The budget now running, as given. */
export const BUDGET_GIVEN = 0x0e8;
/** Bit 0: a device asks for an interrupt. */
export const INTERRUPT_LINE = 0x0ec;
/** Non-maskable interrupts, NMI_* bits: one asks to be taken; they are held off until the next IRET. */
export const NMI = 0x72c;
export const NMI_PENDING = 1;
export const NMI_BLOCKED = 2;
/** Access width in bytes, kind and place of a store that a scratch buffer stands in for: see memory.ts. */
export const PENDING_KIND = 0x0f0;
export const PENDING_SIZE = 0x0f4;
export const PENDING_FIRST = 0x0f8;
export const PENDING_SECOND = 0x0fc;

export const CR0 = 0x100;
export const CR2 = 0x108;
export const CR3 = 0x110;
export const CR4 = 0x118;
export const EFER = 0x120;
export const XCR0 = 0x128;
/** DR0 to DR7, 8 bytes each. */
export const DR = 0x130;
export const GDTR_BASE = 0x170;
export const GDTR_LIMIT = 0x178;
export const IDTR_BASE = 0x180;
export const IDTR_LIMIT = 0x188;
export const SYSENTER_CS = 0x190;
export const SYSENTER_ESP = 0x198;
export const SYSENTER_EIP = 0x1a0;
export const STAR = 0x1a8;
export const LSTAR = 0x1b0;
export const CSTAR = 0x1b8;
export const FMASK = 0x1c0;
export const KERNEL_GS_BASE = 0x1c8;
export const PAT = 0x1d0;
export const TSC_AUX = 0x1d8;
export const TSC_OFFSET = 0x1e0;
/**
 * The time-stamp counter, TSC_OFFSET apart, while a budget runs: its value when so many instructions were retired, their
 * number, and what each one since then adds (f64 each).
 */
export const TIME_BASE = 0x7d0;
export const TIME_MARK = 0x7d8;
export const TIME_STEP = 0x7e0;
/** A bit for each translation table that may hold linear addresses above 4 GiB (u32). */
export const TLB_HIGH = 0x7c0;
/** 1: the #GP just met is for an address that is not canonical, at NONCANONICAL_ADDRESS (u32, u64). */
export const NONCANONICAL = 0x7c4;
export const NONCANONICAL_ADDRESS = 0x7c8;
/** PDPTE0 to PDPTE3 as loaded with CR3 in PAE paging. */
export const PDPTE = 0x700;
/** Address of the link by which a compiled block was just left, to be set once its target is found; 0 if none. */
export const LINK_FROM = 0x720;
/** Address of the record of the indirect branch that was just taken; 0 if it was none. */
export const BRANCHED_FROM = 0x7b4;
/** Calls of compiled code that have not returned yet (u32). */
export const CALL_DEPTH = 0x7b8;
/** Not 0: the debugger must hear of each translation for execution. */
export const TRANSLATIONS_NOTED = 0x7b0;
/** Handler of the last instruction run by itself, unless the next one follows; then 0 (u32). */
export const STEP_LEFT_BY = 0x7bc;
/** The debugger's watchpoints: how many (u32), then each one's linear address (u64), bytes (u32) and WATCH_* (u32). */
export const WATCHPOINT_COUNT = 0x728;
export const WATCHPOINTS = 0x730;
export const WATCHPOINT_SIZE = 16;
export const MOST_WATCHPOINTS = 8;
export const WATCH_READ = 1;
export const WATCH_WRITE = 2;

/** Block-table entry that stands in for blocks not in the table. */
export const LONE_BLOCK = 0x7f0;

/** XMM0 to XMM15, 16 bytes each, then the upper halves of YMM0 to YMM15. */
export const XMM = 0x200;
export const YMM_HIGH = 0x300;

/** ES CS SS DS FS GS LDTR TR, SEGMENT_SIZE bytes each. */
export const SEGMENTS = 0x600;
export const SEGMENT_SIZE = 0x20;
export const SEGMENT_BASE = 0x00;
/** In bytes, the granularity applied. */
export const SEGMENT_LIMIT = 0x08;
export const SEGMENT_SELECTOR = 0x0c;
/** Descriptor's bits 40 to 55 (type, S, DPL, P … AVL, L, D/B, G); bit 16: unusable (null). */
export const SEGMENT_ATTRIBUTES = 0x10;

/** MTRRs: PHYSBASE0 to PHYSMASK7, FIX64K, the two FIX16K, the eight FIX4K, DEF_TYPE; 8 bytes each. */
export const MTRR = 0xc00;
/** Machine check: MCG_STATUS, MCG_CTL, then CTL STATUS ADDR MISC of five banks; 8 bytes each. */
export const MACHINE_CHECK = 0xd00;
/** IA32_XSS. */
export const XSS = 0xdd0;
/** Values of the registers in MODEL_MSR_TABLE, 8 bytes each, up to 0xfff. */
export const MODEL_MSR_VALUES = 0xe00;

/** Where an access that no host page can serve is put together; 1 KiB. */
export const SCRATCH = 0x800;

/**
 * Translation tables of TLB_ENTRIES entries: the supervisor's, the user's, and the supervisor's while EFLAGS.AC lets it
 * reach the user's pages under SMAP. A fourth never has an entry: every access goes the slow way, for alignment checks.
 */
export const TLB = 0x1000;
export const TLB_TABLES = 3;
export const TLB_ENTRIES = 8192;
export const TLB_ENTRY_SIZE = 32;
/** With what follows its entries: see {@link TLB_RECENT}. */
export const TLB_SIZE = 0x40100;
/** Linear page if readable, writable, executable; all ones if not. */
export const TLB_READ = 0;
export const TLB_WRITE = 8;
export const TLB_EXECUTE = 16;
/** Added to the low 32 bits of the linear address, gives the host address. */
export const TLB_ADDEND = 24;
/** Physical page address; bits 0 and 1: 1 from a page of 2 or 4 MiB, 2 of 1 GiB. */
export const TLB_PHYSICAL = 28;
/**
 * After a table's entries, places for pages that compiled code met last (jit/recent-pages.ts): the linear page, all ones
 * if there is none (u64), and its addend (u32).
 */
export const TLB_RECENT = 0x40000;
export const TLB_RECENT_PLACES = 16;
export const TLB_RECENT_SIZE = 16;
export const TLB_RECENT_ADDEND = 8;
/** A bit for each entry of the three tables: it may hold something; that is global. */
export const TLB_USED = 0x101400;
export const TLB_GLOBAL = 0x102000;
/** A bit for each 64 bits of TLB_USED: they are not all 0. */
export const TLB_GROUPS = 0x103000;
/**
 * Page tables found by PAE and 4-level walks, 16 bytes each: linear address by 2 MiB and generation (u64), then the
 * table's place with the rights on the way to it, as a paging entry has them (u64).
 */
export const PAGE_TABLES = 0x102c00;
export const PAGE_TABLES_KNOWN = 64;

// --- The model, from the processor's base: written at power-on by models/write-model.ts, no part of a saved state ---

/** Bits that CR4, EFER and XCR0 may have set (u64 each), and those that EFLAGS has (u32). */
export const CR4_ALLOWED = 0x104000;
export const EFER_ALLOWED = 0x104008;
export const XCR0_ALLOWED = 0x104010;
export const EFLAGS_KNOWN = 0x104018;
/** What the runtime must know besides: the bits below (u32). */
export const MODEL_FLAGS = 0x10401c;
export const MODEL_AMD = 1;
export const MODEL_TSC_AUX = 2;
export const MODEL_SEP = 4;
export const MODEL_SYSCALL = 8;
export const MODEL_MTRR = 0x10;
export const MODEL_PAT = 0x20;
export const MODEL_MCA = 0x40;
export const MODEL_XSAVEC = 0x80;
export const MODEL_XSAVES = 0x100;
export const MODEL_TSC_DEADLINE = 0x200;
export const MODEL_APIC = 0x400;
export const MODEL_NULL_CLEARS_BASE = 0x800;
export const MODEL_HUGE_PAGES = 0x1000;
/** EDX after reset (u32). */
export const MODEL_SIGNATURE = 0x104020;
/** Bits of MXCSR that exist (u32), and bits beyond the physical address, from MAXPHYADDR to 63 (u64). */
export const MODEL_MXCSR = 0x10402c;
export const MODEL_BEYOND = 0x104030;
/** Answers of CPUID: their number (u32), then leaf, subleaf or all ones for any, EAX EBX ECX EDX. */
export const CPUID_ENTRIES = 0x104024;
export const CPUID_TABLE = 0x104800;
export const CPUID_ENTRY_SIZE = 24;
/** Registers that only keep a value: how many (u32), then number, 1 if write-only (u32 each), reset, writable bits (u64). */
export const MODEL_MSRS = 0x104028;
export const MODEL_MSR_TABLE = 0x104040;
export const MODEL_MSR_SIZE = 24;

// --- Mode: what decoding depends on besides the bytes ------------------------------------------------------------

/** Code size: 0 is 16 bits, 1 is 32, 2 is 64. */
export const MODE_CODE_SIZE = 3;
/** EFER.LMA: linear addresses have 64 bits. */
export const MODE_LONG = 4;
/** SS.B: the stack pointer is ESP. */
export const MODE_STACK_32 = 8;
/** DS, ES and SS are writable and span all 4 GiB from 0. */
export const MODE_FLAT = 16;
/** CS spans all 4 GiB from 0. */
export const MODE_FLAT_CODE = 32;

// --- Decoded-instruction record --------------------------------------------------------------------------

export const RECORD_SIZE = 32;
/** From a block's first record back to the count of entries that are left until the block is hot (i32). */
export const BLOCK_HEAT = -32;
/** From there back to the handler of that one instruction, which the block's compiled function replaces. */
export const BLOCK_FIRST_HANDLER = -28;
/**
 * From there back to the block's number of instructions (u32), 0 once it is dropped, and to whether it is compiled
 * (u32, 0 or 1). Compiled code charges the budget itself, with all that it has run.
 */
export const BLOCK_INSTRUCTIONS = -24;
export const BLOCK_COMPILED = -20;
/** And to the physical page in which its lone instruction ends, NO_BLOCK if it does not cross pages; 0: it is no memory (u32). */
export const BLOCK_SECOND_PAGE = -16;
/** And to BLOCK_HEAT as it was when room for other blocks was last looked for (i32). */
export const BLOCK_HEAT_SEEN = -12;
/** And to its number among the blocks (u32). */
export const BLOCK_NUMBER = -8;
/** And to the link to what follows it: the compiled block that is next, or 0. */
export const BLOCK_LINK = -4;
/** In the record of a relative branch: the same where it is taken. */
export const REC_LINK = 8;
/** From such a link to the physical page that it leads to (u32); what branches has no operand in memory. */
export const LINK_PAGE = 4;
/**
 * In the record of a relative branch, of a near return and of a block's end, for the interpreter: where it led last, which holds as what
 * the jump cache says does, at RECORDS_AGE. JUMP_PLACE, all ones if it is not known; the address of the first record there; and the age (u32 each).
 */
export const REC_NEXT_PLACE = 16;
export const REC_NEXT = 20;
export const REC_NEXT_AGE = 28;
/** In that of a near return besides: low 32 bits of the address to which it was (u32). */
export const REC_RETURNED = 8;
/** Index of the handler in the table. */
export const REC_HANDLER = 0;
/** Offset of the instruction from the start of its block (u16). */
export const REC_IP_DELTA = 4;
/** Length of the instruction (u8). */
export const REC_LENGTH = 6;
/** Instructions after this one in its block (u8). */
export const REC_REMAINING = 7;
/** Offset in the processor state of the operand that ModRM.reg or the opcode names (u16). */
export const REC_REG = 8;
/** Offset of the register that ModRM.rm names (u16). */
export const REC_RM = 10;
/** Offsets of the base and index registers of the effective address, ZERO if none (u16 each). */
export const REC_BASE = 12;
export const REC_INDEX = 14;
/** Scale as a shift count, 0 to 3 (u8). */
export const REC_SCALE = 16;
/** Segment register's number, 0 to 5 (u8). */
export const REC_SEGMENT = 17;
/** Offset of a third register operand, that of VEX.vvvv; or the second immediate (u16). */
export const REC_VVVV = 18;
export const REC_DISPLACEMENT = 20;
/** Immediate, sign-extended (i64); of a relative branch i32. */
export const REC_IMMEDIATE = 24;

// --- FPU (offsets 0x400 to 0x4ff) --------------------------------------------------------------------------

/** Physical registers R0 to R7, FPU_REGISTER_SIZE bytes each: significand (u64), then sign and exponent (u16), rest 0. */
export const FPU_REGISTERS = 0x400;
export const FPU_REGISTER_SIZE = 16;
/** Control word (u16). */
export const FPU_CONTROL = 0x480;
/** Status word (u16), TOP inside. */
export const FPU_STATUS = 0x484;
/** One bit for each physical register, set when it is empty. */
export const FPU_TAGS = 0x488;
/** Last instruction's and last memory operand's addresses (u64 each), opcode (u16) and selectors (u16 each). */
export const FPU_IP = 0x490;
export const FPU_DP = 0x498;
export const FPU_OPCODE = 0x4a0;
export const FPU_CS = 0x4a4;
export const FPU_DS = 0x4a8;
/** SSE control and status (u32). */
export const MXCSR = 0x4ac;
/** Unmasked exceptions of the last SSE instruction that can have one: not 0 means #XM is due (u32). */
export const SSE_EXCEPTION = 0x4b0;
/** Bits 64 to 79 of the value of an FSTP m80 or FBSTP under way (u16). */
export const FPU_STORE_HIGH = 0x4b4;
/** Lanes of an SSE result before it is known that no exception keeps it back. */
export const SSE_RESULT = 0x4c0;
/** Operands that an SSE instruction puts together from lanes of its own, 16 bytes each. */
export const SSE_FIRST = 0x4d0;
export const SSE_SECOND = 0x4e0;
/** Where an SSE instruction's destination is while it is carried out for half of a YMM register. */
export const VEX_DESTINATION = 0x4f0;

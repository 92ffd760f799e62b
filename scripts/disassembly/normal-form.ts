// What the two disassemblers write differently on purpose is made alike.

const common = (text: string): string =>
  text
    .replace(/\s+/g, " ")
    // A displacement of zero that takes a byte, and a negative one of a table.
    .replace(/\+0x0\]/g, "]")
    .trim();

/** objdump's line: no comment or symbol, no prefix that means nothing, its own names of a few instructions. */
function theirsPlain(text: string): string {
  return common(text.replace(/\s*#.*$/, "").replace(/\s*<[^>]*>$/, ""))
    .replace(/^((?:cs|ds|es|ss|data16|addr32|rex(?:\.[WRXB]+)?|bnd|notrack|xacquire|xrelease) )+/, "")
    .replace(/^(rep|repz|repnz) (?=(?:lock )?(?!ins|outs|movs|stos|lods|cmps|scas)[a-z])/, "")
    .replace(/^(call|jmp|ret|lgdt|lidt|sgdt|sidt|sysret|sysexit)[dlqw]? /, "$1 ")
    .replace(/^(j[a-z]+|call|loop[a-z]*|xbegin) (?=[0-9a-f]+$)/, "$1 0x")
    .replace(/(?<=\[[er]ip)\+0x(f[0-9a-f]{7,15})\]/, (_, digits: string) => {
      const value = BigInt.asIntN(digits.length * 4, BigInt(`0x${digits}`));
      return `-0x${(-value).toString(16)}]`;
    })
    .replace(/\+[er]iz\*1/, "")
    .replace(/^xchg ax,ax$/, "nop")
    .trim();
}

export function agree(ours: string, theirs: string): boolean {
  const mine = common(ours).replace(/^(call|jmp|ret|lgdt|lidt|sgdt|sidt|sysret|sysexit)[dlqw]? /, "$1 ");
  return mine === theirsPlain(theirs);
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[\\t !#-\\[\\]-~]|\\\\[\\t -~])*"';
const PARAMETER = `${TOKEN}[ \\t]*=[ \\t]*(?:${TOKEN}|${QUOTED})`;
const TOKEN68 = '[A-Za-z0-9._~+/-]+=*';
const CHALLENGE = `${TOKEN}(?: +(?:${PARAMETER}(?:[ \\t]*,[ \\t]*${PARAMETER})*|${TOKEN68}))?`;
const LIST = new RegExp(`^${CHALLENGE}(?:[ \\t]*,[ \\t]*${CHALLENGE})*$`);

/** Whether a text is a list of challenges, as `WWW-Authenticate` has it (RFC 9110 section 11.6.1), in ASCII and without empty members. */
export function isChallengeList(text: string): boolean {
  return LIST.test(text);
}

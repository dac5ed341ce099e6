import { readFile } from 'node:fs/promises';

/** USER_HZ, in which Linux counts for programs, whatever its own tick is. */
const TICKS_A_SECOND = 100;
/** The fields after the name of the program, which may hold spaces, begin with field 3. */
const UTIME = 14 - 3;
const STIME = 15 - 3;

/** Seconds of CPU that a process has used, threads included; NaN where there is no /proc. */
export async function cpuSeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[UTIME]) + Number(fields[STIME])) / TICKS_A_SECOND;
}

/** Resident memory of a process in MB (of 10^6 bytes); NaN where there is no /proc. */
export async function residentMegabytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1];
  return (Number(kibibytes) * 1024) / 1e6;
}

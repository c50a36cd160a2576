import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/**
 * When a process started, in whatever unit the system tells it, or undefined where no such process lives. A pid alone
 * names no process: the system gives it to another one later. Pid and start time together do.
 */
export function startTimeOf(pid: number): string | undefined {
  if (existsSync('/proc/self/stat')) {
    try {
      return parseStartTime(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    } catch {
      return undefined;
    }
  }
  const ps = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  return ps.status === 0 ? parseStartTime(ps.stdout) : undefined;
}

/**
 * The start time in a line of `/proc/<pid>/stat` (proc(5), field 22) or of `ps -o lstart=`; undefined for a zombie. One
 * whose other threads are still ending (field 20 counts them) is none yet: its ports and files are still its own.
 */
export function parseStartTime(line: string): string | undefined {
  const nameEnd = line.lastIndexOf(')');
  if (nameEnd < 0) return line.trim() || undefined;
  // The name may hold spaces and brackets, so fields are counted from its end: state is field 3.
  const fields = line.slice(nameEnd + 2).split(' ');
  const isOver = fields[0] === 'Z' && Number(fields[17]) <= 1;
  return isOver ? undefined : fields[19];
}

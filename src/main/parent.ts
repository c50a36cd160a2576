import { startTimeOf } from '../local/identity.ts';

const LOOK_EVERY_MS = 1_000;

/**
 * Calls `gone` when the process that AVD_PARENT_PID names is no more, so that nothing that `npm start` started outlives
 * it, whatever killed it. Does nothing where the variable is absent.
 */
export function onParentGone(env: Readonly<Record<string, string | undefined>>, gone: () => void): void {
  const pid = Number(env.AVD_PARENT_PID ?? '');
  if (!Number.isInteger(pid) || pid <= 0) return;
  // Its start time too: the system gives the pid of a dead process to another.
  const started = startTimeOf(pid);
  const look = setInterval(() => {
    if (started !== undefined && startTimeOf(pid) === started) return;
    clearInterval(look);
    gone();
  }, LOOK_EVERY_MS);
  look.unref();
}

/** Shows what a long command is doing: one line a step, rewritten in place on a terminal, plain lines elsewhere. */
export interface Steps {
  /** Runs `work` as a step; what `work` says through `progress` is shown beside the title. */
  step<T>(title: string, work: (progress: (text: string) => void) => Promise<T>): Promise<T>;
  /** A line of its own, whatever step is running. */
  say(text: string): void;
}

/** Where nobody rewrites a line, progress is said at most this often. */
const PLAIN_EVERY_MS = 5_000;

export function createSteps(out: NodeJS.WriteStream): Steps {
  const rewritable = out.isTTY === true;
  let current = '';
  const clear = () => {
    if (rewritable && current !== '') out.write('\r\x1b[2K');
  };
  const show = (line: string) => {
    current = line;
    if (rewritable) out.write(`\r\x1b[2K${line.slice(0, Math.max(20, (out.columns ?? 80) - 1))}`);
  };
  const finish = (line: string) => {
    clear();
    current = '';
    out.write(`${line}\n`);
  };
  return {
    say(text) {
      clear();
      out.write(`${text}\n`);
      if (current !== '') show(current);
    },
    async step(title, work) {
      const began = Date.now();
      let saidAt = began;
      if (rewritable) show(`  … ${title}`);
      else out.write(`  … ${title}\n`);
      const seconds = () => `${((Date.now() - began) / 1000).toFixed(1)} s`;
      try {
        const result = await work((text) => {
          if (rewritable) return show(`  … ${title}: ${text}`);
          if (Date.now() - saidAt < PLAIN_EVERY_MS) return;
          saidAt = Date.now();
          out.write(`  … ${title}: ${text}\n`);
        });
        finish(`  ✓ ${title} (${seconds()})`);
        return result;
      } catch (error) {
        finish(`  ✗ ${title} (${seconds()})`);
        throw error;
      }
    },
  };
}

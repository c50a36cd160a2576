import { Command, CommanderError } from 'commander';
import { register as registerConsume } from './commands/consume.ts';
import { register as registerDeadLetters } from './commands/dlq.ts';
import { register as registerDown } from './commands/down.ts';
import { register as registerGraph } from './commands/graph.ts';
import { register as registerIngest } from './commands/ingest.ts';
import { register as registerMigrate } from './commands/migrate.ts';
import { register as registerReplay } from './commands/replay.ts';
import { register as registerRules } from './commands/rules.ts';
import { register as registerSources } from './commands/sources.ts';
import { register as registerStatus } from './commands/status.ts';
import { register as registerUp } from './commands/up.ts';
import { EXIT, reportFailure } from './exit.ts';

/** In the order of `--help`. */
const COMMANDS = [
  registerUp,
  registerDown,
  registerStatus,
  registerMigrate,
  registerIngest,
  registerConsume,
  registerReplay,
  registerDeadLetters,
  registerGraph,
  registerSources,
  registerRules,
];

/** Runs one command. @returns the exit code: 0 done, 1 failed, 2 wrong use. */
async function run(argv: readonly string[]): Promise<number> {
  // Before the commands are added: they inherit both settings.
  const program = new Command('avd')
    .description('Automatic Vendor Detection: feed it, watch it, look after it')
    .exitOverride()
    .showHelpAfterError('(--help says more)');
  for (const register of COMMANDS) register(program);
  try {
    await program.parseAsync([...argv]);
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
    return reportFailure(error, argv.includes('--json'));
  }
}

// Not process.exit: what is still being written to a pipe would be cut off.
process.exitCode = await run(process.argv);

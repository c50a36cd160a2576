import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import type { z } from 'zod';
import { AppError } from './errors.ts';

/** What a YAML file says. @throws AppError CONFIG_INVALID that names the file, the reason and the place */
export function readYaml(file: string, text: string): unknown {
  try {
    return load(text);
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new AppError('CONFIG_INVALID', `${file}: ${reason}`, { file }, error);
  }
}

/** The same of what lies at `path`, where it is of the schema. @throws AppError CONFIG_INVALID that names every problem */
export function readYamlFile<T extends z.ZodType>(path: string, schema: T): z.output<T> {
  const parsed = schema.safeParse(readYaml(path, readFileSync(path, 'utf8')));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new AppError('CONFIG_INVALID', `${path} is wrong: ${problems.join('; ')}`, { problems });
}

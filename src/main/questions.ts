import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { readYamlFile } from '../yaml.ts';

const questionsFile = z.object({
  questions: z.array(
    z.strictObject({
      title: z.string().min(1),
      /** A file of graphql/examples. */
      document: z.string().min(1),
      variables: z.record(z.string(), z.unknown()).default({}),
      /**
       * Lines to print. `{a.b.c}` is replaced by what is at that path of the answer's data; `*` in a path stands for every
       * element of a list, which are joined by commas.
       */
      answer: z.array(z.string()).min(1),
    }),
  ),
});

export type Question = z.infer<typeof questionsFile>['questions'][number];

export function readQuestions(path: string): readonly Question[] {
  return readYamlFile(path, questionsFile).questions;
}

const response = z.object({ data: z.unknown(), errors: z.array(z.object({ message: z.string() })).optional() });

/**
 * Puts a question to a running API, over HTTP as any client does, and gives the lines of its answer.
 * @throws AppError INTERNAL with the API's own words where it answers by errors.
 */
export async function ask(url: string, examples: string, question: Question): Promise<string[]> {
  const query = readFileSync(join(examples, question.document), 'utf8');
  const reply = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: question.variables }),
  });
  const { data, errors } = response.parse(await reply.json());
  if (errors?.[0]) throw new AppError('INTERNAL', `The API did not answer "${question.title}": ${errors[0].message}`);
  return question.answer.map((line) => renderLine(line, data));
}

/** Replaces each `{path}` of a line by what is there in `data`. */
export function renderLine(line: string, data: unknown): string {
  return line.replace(/\{([^{}]+)\}/g, (_, path: string) => valuesAt(data, path.split('.')).map(show).join(', '));
}

function valuesAt(value: unknown, [step, ...rest]: readonly string[]): unknown[] {
  if (step === undefined) return [value];
  if (step === '*') return Array.isArray(value) ? value.flatMap((each) => valuesAt(each, rest)) : [];
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return ['?'];
  return valuesAt((value as Record<string, unknown>)[step], rest);
}

function show(value: unknown): string {
  if (typeof value === 'number') return value.toLocaleString('en');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

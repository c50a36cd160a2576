import { buildASTSchema, findBreakingChanges, lexicographicSortSchema, parse, printSchema, visit } from 'graphql';

/** The schema as other programs see it: sorted, without descriptions. */
export function contractOf(sources: readonly string[]): string {
  const document = visit(parse(sources.join('\n')), {
    enter: (node) => ('description' in node ? { ...node, description: undefined } : undefined),
  });
  return `${printSchema(lexicographicSortSchema(buildASTSchema(document)))}\n`;
}

/** Each change from one contract to the other that breaks a program written for the first, as a sentence. */
export function breakingChanges(before: string, after: string): readonly string[] {
  const schema = (text: string) => buildASTSchema(parse(text));
  return findBreakingChanges(schema(before), schema(after)).map(({ description }) => description);
}

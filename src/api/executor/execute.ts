import { type ExecutionResult, type GraphQLError, isAbstractType, isObjectType, locatedError } from 'graphql';
import type { FieldPlan, ObjectPlan, OperationPlan } from './plan.ts';
import { addError, argumentsOf, infoOf, keysOf, type Path, type Run } from './run.ts';
import type { Shape } from './shape.ts';

type Data = Record<string, unknown>;

/**
 * Executes a planned query. Everything is done in the order of graphql-js's own `execute`, so that data, errors, their
 * order and their paths are the same; only what does not depend on the request has been done before.
 * `variables` are coerced already.
 */
export function executePlan(
  plan: OperationPlan,
  context: unknown,
  variables: Record<string, unknown>,
): ExecutionResult | Promise<ExecutionResult> {
  const run: Run = { plan, context, variables, args: new Map(), errors: [], nulled: new Set() };
  const failed = (error: unknown): ExecutionResult => {
    addError(run, error as GraphQLError, undefined);
    return toResult(run, null);
  };
  try {
    const data = executeFields(run, plan.root, undefined, undefined);
    return isPromise<Data>(data) ? data.then((done) => toResult(run, done), failed) : toResult(run, data);
  } catch (error) {
    return failed(error);
  }
}

function toResult({ errors }: Run, data: Data | null): ExecutionResult {
  return errors.length === 0 ? { data } : { errors, data };
}

function executeFields(run: Run, fields: ObjectPlan, source: unknown, path: Path | undefined): Data | Promise<Data> {
  // A plan holds no field of the name __proto__.
  const data: Data = {};
  let waits = false;
  try {
    for (const field of fields) {
      const value = executeField(run, field, source, path);
      data[field.key] = value;
      waits ||= isPromise(value);
    }
  } catch (error) {
    if (!waits) throw error;
    // What the other fields have begun is waited for, as it may fail too.
    return settled(data).finally(() => {
      throw error;
    });
  }
  return waits ? settled(data) : data;
}

function settled(data: Data): Promise<Data> {
  return Promise.all(Object.values(data)).then((values) => {
    let i = 0;
    for (const key of Object.keys(data)) data[key] = values[i++];
    return data;
  });
}

function executeField(run: Run, field: FieldPlan, source: unknown, prev: Path | undefined): unknown {
  const path: Path = { prev, key: field.key, typename: field.parent.name };
  try {
    const value = resolveField(run, field, source, path);
    const completed = isPromise(value)
      ? value.then((done) => complete(run, field, field.shape, path, done))
      : complete(run, field, field.shape, path, value);
    return isPromise(completed)
      ? completed.then(undefined, (error: unknown) => fail(run, field, field.isNullable, path, error))
      : completed;
  } catch (error) {
    return fail(run, field, field.isNullable, path, error);
  }
}

function resolveField(run: Run, field: FieldPlan, source: unknown, path: Path): unknown {
  if (field.resolve) return field.resolve(source, argumentsOf(run, field), run.context, infoOf(run, field, path));
  if (typeof source !== 'object' || source === null) return undefined;
  const value = (source as Data)[field.name];
  if (typeof value !== 'function') return value;
  return value.call(source, argumentsOf(run, field), run.context, infoOf(run, field, path));
}

function complete(run: Run, field: FieldPlan, shape: Shape<ObjectPlan>, path: Path, value: unknown): unknown {
  if (value instanceof Error) throw value;
  if (value === null || value === undefined) {
    if (shape.isNullable) return null;
    throw new Error(`Cannot return null for non-nullable field ${field.parent.name}.${field.name}.`);
  }
  switch (shape.kind) {
    case 'leaf':
      return serialize(shape.type, value);
    case 'object':
      return executeFields(run, shape.plan(), value, path);
    case 'list':
      return completeList(run, field, shape.item, path, value);
    case 'abstract':
      return executeFields(run, shape.planOf(typeOf(run, shape.type, value)), value, path);
  }
}

function serialize(type: Extract<Shape<ObjectPlan>, { kind: 'leaf' }>['type'], value: unknown): unknown {
  const serialized: unknown = type.serialize(value);
  if (serialized !== null && serialized !== undefined) return serialized;
  throw new Error(`A value of ${type.name} was serialized to nothing.`);
}

function completeList(run: Run, field: FieldPlan, item: Shape<ObjectPlan>, path: Path, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !(Symbol.iterator in value)) {
    throw new Error(`Expected Iterable, but did not find one for field "${field.parent.name}.${field.name}".`);
  }
  const items: unknown[] = [];
  let waits = false;
  try {
    for (const one of value as Iterable<unknown>) {
      const completed = completeItem(run, field, item, { prev: path, key: items.length, typename: undefined }, one);
      items.push(completed);
      waits ||= isPromise(completed);
    }
  } catch (error) {
    // Nobody waits for the items before any more, and one of them may fail too.
    if (waits) void Promise.allSettled(items);
    throw error;
  }
  return waits ? Promise.all(items) : items;
}

function completeItem(run: Run, field: FieldPlan, shape: Shape<ObjectPlan>, path: Path, item: unknown): unknown {
  try {
    const completed = isPromise(item)
      ? item.then((done) => complete(run, field, shape, path, done))
      : complete(run, field, shape, path, item);
    return isPromise(completed)
      ? completed.then(undefined, (error: unknown) => fail(run, field, shape.isNullable, path, error))
      : completed;
  } catch (error) {
    return fail(run, field, shape.isNullable, path, error);
  }
}

/** Every object of an abstract type says by `__typename` of which type it is. */
function typeOf({ plan }: Run, abstract: string, value: unknown) {
  const { schema } = plan.selecting;
  const name = typeof value === 'object' && value !== null && '__typename' in value ? value.__typename : undefined;
  const type = typeof name === 'string' ? schema.getType(name) : undefined;
  const wanted = schema.getType(abstract);
  if (isObjectType(type) && isAbstractType(wanted) && schema.isSubType(wanted, type)) return type;
  throw new Error(`An object of ${abstract} does not say of which of its types it is.`);
}

/** Null where it may stand, and the error beside the data; else the error goes to the parent. */
function fail(run: Run, field: FieldPlan, isNullable: boolean, path: Path, error: unknown): null {
  const located = locatedError(error, field.nodes, keysOf(path));
  if (!isNullable) throw located;
  addError(run, located, path);
  return null;
}

function isPromise<T = unknown>(value: unknown): value is Promise<T> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

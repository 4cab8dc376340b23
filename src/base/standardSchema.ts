/**
 * A schema of any library that follows Standard Schema (zod, Valibot, ArkType and others): the interface that
 * https://standardschema.dev tells libraries to copy.
 */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  /** The properties of Standard Schema. */
  readonly '~standard': StandardSchemaV1.Props<Input, Output>
}

/** The parts of that interface. */
export declare namespace StandardSchemaV1 {
  /** The properties of Standard Schema. */
  export interface Props<Input = unknown, Output = Input> {
    /** The version of the standard. */
    readonly version: 1
    /** The name of the library. */
    readonly vendor: string
    /** Reads an unknown value. */
    readonly validate: (value: unknown) => Result<Output> | Promise<Result<Output>>
    /** The types of the schema; they do not exist at run time. */
    readonly types?: Types<Input, Output> | undefined
  }

  /** The result of `validate`. */
  export type Result<Output> = SuccessResult<Output> | FailureResult

  /** The value matches. */
  export interface SuccessResult<Output> {
    /** The output of the schema. */
    readonly value: Output
    /** There are no issues. */
    readonly issues?: undefined
  }

  /** The value does not match. */
  export interface FailureResult {
    /** The issues of the value. */
    readonly issues: ReadonlyArray<Issue>
  }

  /** One issue of a value. */
  export interface Issue {
    /** The library's message. */
    readonly message: string
    /** The place in the value. */
    readonly path?: ReadonlyArray<PropertyKey | PathSegment> | undefined
  }

  /** One step of a path. */
  export interface PathSegment {
    /** The name of the field, or the index. */
    readonly key: PropertyKey
  }

  /** The types of a schema. */
  export interface Types<Input = unknown, Output = Input> {
    /** The input of the schema. */
    readonly input: Input
    /** The output of the schema. */
    readonly output: Output
  }

  /** The input of a schema. */
  export type InferInput<Schema extends StandardSchemaV1> = NonNullable<Schema['~standard']['types']>['input']

  /** The output of a schema. */
  export type InferOutput<Schema extends StandardSchemaV1> = NonNullable<
    Schema['~standard']['types']
  >['output']
}

/**
 * A schema of any library that follows Standard Schema (zod, Valibot, ArkType and others): the interface that
 * https://standardschema.dev tells libraries to copy.
 */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  /** The properties of Standard Schema. */
  readonly '~standard': StandardSchemaV1.Props<Input, Output>
}

export declare namespace StandardSchemaV1 {
  /** The properties of Standard Schema. */
  export interface Props<Input = unknown, Output = Input> {
    /** The version of the standard. */
    readonly version: 1
    /** The name of the library. */
    readonly vendor: string
    /** Reads a value that nothing is known of. */
    readonly validate: (value: unknown) => Result<Output> | Promise<Result<Output>>
    /** The types of the schema; there is nothing behind them at run time. */
    readonly types?: Types<Input, Output> | undefined
  }

  /** What `validate` answers. */
  export type Result<Output> = SuccessResult<Output> | FailureResult

  /** The value fits. */
  export interface SuccessResult<Output> {
    /** What the schema makes of the value. */
    readonly value: Output
    /** Nothing is wrong. */
    readonly issues?: undefined
  }

  /** The value does not fit. */
  export interface FailureResult {
    /** What is wrong with the value. */
    readonly issues: ReadonlyArray<Issue>
  }

  /** One thing that is wrong with a value. */
  export interface Issue {
    /** In the words of the library. */
    readonly message: string
    /** Where in the value. */
    readonly path?: ReadonlyArray<PropertyKey | PathSegment> | undefined
  }

  /** One step of a path. */
  export interface PathSegment {
    /** The name of the field, or the index. */
    readonly key: PropertyKey
  }

  /** The types of a schema. */
  export interface Types<Input = unknown, Output = Input> {
    /** What the schema reads. */
    readonly input: Input
    /** What the schema makes of that. */
    readonly output: Output
  }

  /** What a schema reads. */
  export type InferInput<Schema extends StandardSchemaV1> = NonNullable<Schema['~standard']['types']>['input']

  /** What a schema gives. */
  export type InferOutput<Schema extends StandardSchemaV1> = NonNullable<
    Schema['~standard']['types']
  >['output']
}

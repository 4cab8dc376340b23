import fc from 'fast-check'

/**
 * The same cases in every run, so that a red run means a change and not a dice. `FC_SEED=random npm test` looks for
 * cases that nobody has seen; a failure prints the seed that repeats it.
 */
const { FC_SEED = '1' } = process.env
fc.configureGlobal(FC_SEED === 'random' ? {} : { seed: Number(FC_SEED) })

import fc from 'fast-check'
import '../seed.ts'

// A mutant is red as soon as one case is: nobody reads the smallest.
fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true })

export {
  type RefineAuthProvider,
  type RefineOptions,
  refineAuthProvider,
} from '../adapters/refineAuthProvider.ts'

/** What Vite puts into the page, as the types of its templates say it. */
interface ImportMeta {
  readonly env: { readonly VITE_ISSUER: string }
}

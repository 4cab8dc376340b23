/** What a server chooses a login by. */
export interface LoginChoice {
  /** As it came; its body has been read. */
  readonly request: Request
  /**
   * What a page has sent: the credentials, or what it asks of the provider (`loginHint`); of a link, its query. Empty where
   * a page only asks which logins there are. Whatever anybody likes: check it.
   */
  readonly input: Readonly<Record<string, unknown>>
  /** How the user is to log in. */
  readonly way: 'credentials' | 'redirect'
}

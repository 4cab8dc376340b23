/** The facts by which a server chooses a login. */
export interface LoginChoice {
  /** The request as it arrived. Its body has been read. */
  readonly request: Request
  /**
   * What a page has sent: the credentials, or its wishes for the provider (`loginHint`); for a link, its query. Empty
   * if a page only asks for the list of logins. Anybody can send anything here: check it.
   */
  readonly input: Readonly<Record<string, unknown>>
  /** How the user is to log in. */
  readonly way: 'credentials' | 'redirect'
}

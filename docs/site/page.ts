/** A heading that can be linked to. */
export interface Heading {
  readonly level: number
  readonly anchor: string
  readonly title: string
}

/** What a reader may be looking for: the text below one heading. */
export interface Section {
  readonly anchor: string
  readonly title: string
  readonly text: string
}

/** The inside of a page, before it gets its frame. */
export interface Body {
  readonly title: string
  readonly html: string
  readonly headings: readonly Heading[]
  readonly sections: readonly Section[]
}

/** A page of the site. */
export interface Page extends Body {
  /** From the root of the site: `guide.html`. */
  readonly path: string
  /** As the navigation names it. */
  readonly name: string
  readonly chapter: string
  /** Belongs to the page before it. */
  readonly isPart?: true
  /** The file that says what the page says. */
  readonly source: string
}

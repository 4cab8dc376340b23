import { drawChart, drawMermaid, drawState, type Picture } from './statePictures.ts'

/** What is drawn in place of a page's ```mermaid, and the file that it is alone in. */
export function pictureOf(page: string, code: string): Picture & { readonly file: string } {
  const name = page.replace(/\.md$/, '')
  const picture = name.startsWith('states/')
    ? drawState(name.slice('states/'.length))
    : name === 'statechart'
      ? drawChart()
      : drawMermaid(code)
  return { ...picture, file: `pictures/${name.replaceAll('/', '-')}.svg` }
}

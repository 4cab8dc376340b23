import type { EnginePage } from './engine.ts'

/** What of a page's look can be computed. */
export interface Looks {
  /** How much wider the page is than its window; CSS pixels. */
  readonly beyondWindow: number
  /** Where the drawing of the machine begins and ends; CSS pixels from the top of the page. */
  readonly chart: readonly [top: number, bottom: number] | undefined
  /** What is written smaller than `leastSize`, with its size. */
  readonly small: readonly string[]
  /** What stands out from its ground by less than `leastContrast`, with its contrast. */
  readonly faint: readonly string[]
}

interface Demands {
  readonly leastSize: number
  readonly leastContrast: number
}

/** Measures every text that a page shows, as it shows it. */
export const looksOf = (page: EnginePage, demands: Demands): Promise<Looks> =>
  page.evaluate(({ leastSize, leastContrast }) => {
    type Colour = readonly [red: number, green: number, blue: number, alpha: number]
    const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
    /** A computed colour in whatever words, as the browser paints it. */
    function painted(colour: string): Colour {
      if (!context) throw new Error('There is no canvas.')
      context.clearRect(0, 0, 1, 1)
      context.fillStyle = colour
      context.fillRect(0, 0, 1, 1)
      const [red = 0, green = 0, blue = 0, alpha = 0] = context.getImageData(0, 0, 1, 1).data
      return [red, green, blue, alpha / 255]
    }
    const over = ([r, g, b, a]: Colour, [r2, g2, b2]: Colour): Colour => [
      r * a + r2 * (1 - a),
      g * a + g2 * (1 - a),
      b * a + b2 * (1 - a),
      1,
    ]
    /** What lies under the text of an element. */
    function groundOf(element: Element): Colour {
      const layers: Colour[] = []
      // In a drawing a text lies on the box beside it.
      const box = element instanceof SVGElement ? element.parentElement?.querySelector('rect') : undefined
      if (box && !element.matches('.event-label')) layers.push(painted(getComputedStyle(box).fill))
      for (let one: Element | null = element; one; one = one.parentElement) {
        layers.push(painted(getComputedStyle(one).backgroundColor))
        if (layers.at(-1)?.[3] === 1) break
      }
      return layers.reduceRight<Colour>((under, layer) => over(layer, under), [255, 255, 255, 1])
    }
    /** WCAG 2, 1.4.3. */
    function luminance([red, green, blue]: Colour): number {
      const [r = 0, g = 0, b = 0] = [red, green, blue].map((value) => {
        const part = value / 255
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    function contrastOf(element: Element): number {
      const style = getComputedStyle(element)
      const ground = groundOf(element)
      const colour = painted(element instanceof SVGElement ? style.fill : style.color)
      const [one, other] = [luminance(over(colour, ground)), luminance(ground)]
      return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
    }
    function sizeOf(element: Element): number {
      const size = Number.parseFloat(getComputedStyle(element).fontSize)
      const scale = element instanceof SVGGraphicsElement ? (element.getScreenCTM()?.a ?? 1) : 1
      return size * scale
    }

    const small: string[] = []
    const faint: string[] = []
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const words = node.textContent?.trim().slice(0, 40)
      const element = node.parentElement
      if (!words || !element || element.closest('script, title, :disabled, .skip')) continue
      const { width, height } = element.getBoundingClientRect()
      if (width === 0 || height === 0 || !element.checkVisibility()) continue
      const [size, contrast] = [sizeOf(element), contrastOf(element)]
      if (size < leastSize) small.push(`${words}: ${size.toFixed(1)} px`)
      if (contrast < leastContrast) faint.push(`${words}: ${contrast.toFixed(2)}`)
    }
    const drawing = document.querySelector('.chart svg')?.getBoundingClientRect()
    return {
      beyondWindow: document.documentElement.scrollWidth - innerWidth,
      chart: drawing && ([drawing.top + scrollY, drawing.bottom + scrollY] as const),
      small,
      faint,
    }
  }, demands)

/** Calls over time. What it draws stands in a table beside it, for who does not see it. */
import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import UPlot from 'uplot'
import type { Line } from './lines.js'

interface ChartProps {
  /** What is drawn, in words. */
  readonly label: string
  /** In seconds since 1970. */
  readonly times: readonly number[]
  readonly lines: readonly Line[]
}

const height = 260
/** Between the numbers of an axis: there is no half call. */
const wholeSteps = [1, 10, 100, 1000, 10_000, 100_000].flatMap(power => [power, 2 * power, 5 * power])

export function Chart ({ label, times, lines }: ChartProps): VNode {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const { current } = place
    if (current === null) return
    let chart = draw(current, times, lines)
    const theme = matchMedia('(prefers-color-scheme: dark)')
    const redraw = (): void => {
      chart.destroy()
      chart = draw(current, times, lines)
    }
    theme.addEventListener('change', redraw)
    const observer = new ResizeObserver(() => chart.setSize({ width: current.clientWidth, height }))
    observer.observe(current)
    return () => {
      observer.disconnect()
      theme.removeEventListener('change', redraw)
      chart.destroy()
    }
  }, [times, lines])
  return html`<div class="chart" role="img" aria-label=${label} ref=${place}></div>`
}

function draw (place: HTMLElement, times: readonly number[], lines: readonly Line[]): UPlot {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string): string => style.getPropertyValue(`--${name}`)
  const axis = { stroke: colour('soft'), grid: { stroke: colour('line'), width: 1 }, ticks: { stroke: colour('line'), width: 1 } }
  return new UPlot({
    width: place.clientWidth,
    height,
    legend: { show: false },
    cursor: { show: false },
    tzDate: seconds => UPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    scales: { y: { range: (_chart, _min, max) => [0, Math.max(1, max)] } },
    axes: [{ ...axis, values: '{HH}:{mm}' }, { ...axis, incrs: wholeSteps }],
    series: [{}, ...lines.map(({ label }, index) => ({ label, stroke: colour(`line-${index + 1}`), width: 2, points: { show: false } }))]
  }, [[...times], ...lines.map(({ calls }) => [...calls])], place)
}

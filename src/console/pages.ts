/** Lists that the facade gives page by page. */
import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { sentence, type Api, type Query } from './api.js'

export interface Pages<T> {
  readonly items: readonly T[]
  readonly hasMore: boolean
  /** Why there is nothing, or no more. */
  readonly problem: string
  readonly isLoading: boolean
  readonly more: () => void
  /** Begins again with the first page. */
  readonly reload: () => void
}

interface State<T> {
  readonly items: readonly T[]
  readonly next: string | null
  readonly problem: string
  readonly isLoading: boolean
}

type Page<T, Name extends string> = { readonly next_page_token: string | null } & Readonly<Record<Name, readonly T[]>>

/** @param name of the field that holds what is listed @param query another one begins again */
export function usePages<T, Name extends string = string> (api: Api, path: string, name: Name, query: Query): Pages<T> {
  const [state, setState] = useState<State<T>>({ items: [], next: null, problem: '', isLoading: true })
  const [round, setRound] = useState(0)
  /** An answer to an earlier question comes too late. */
  const asked = useRef(0)

  async function load (before: readonly T[], token: string | undefined): Promise<void> {
    const mine = ++asked.current
    setState(state => ({ ...state, isLoading: true, problem: '' }))
    const found = await api.get<Page<T, Name>>(path, { ...query, page_token: token }).then(
      page => ({ items: [...before, ...page[name]], next: page.next_page_token, problem: '' }),
      error => ({ items: before, next: null, problem: sentence(error) }))
    if (mine === asked.current) setState({ ...found, isLoading: false })
  }

  useEffect(() => { void load([], undefined) }, [JSON.stringify(query), round])
  return {
    items: state.items,
    hasMore: state.next !== null,
    problem: state.problem,
    isLoading: state.isLoading,
    more: () => { void load(state.items, state.next ?? undefined) },
    reload: () => setRound(round => round + 1)
  }
}

/** How many are listed, in words. */
export function counted ({ items: { length }, hasMore }: Pages<unknown>, one: string, many: string): string {
  return `${length} ${length === 1 ? one : many}${hasMore ? ', and more' : ''}`
}

/** The button for the next page, where there is one. */
export function More ({ pages: { hasMore, isLoading, more } }: { readonly pages: Pages<unknown> }): VNode | null {
  if (!hasMore) return null
  return html`<p><button type="button" class="plain" disabled=${isLoading} onClick=${more}>Show more</button></p>`
}

/** The mark of the facade, for tabs of browsers and the top of pages. */

/** Its wave, in a box of 40 by 40. */
export const wave =
  '<path d="M4 32c8 0 8-16 16-16s8 16 16 16" fill="none" stroke="#6ec1e4" stroke-width="4" stroke-linecap="round"/>'

/** As an image of its own, readable on light and dark. */
export const icon =
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40" rx="8" fill="#16324f"/>${wave}</svg>`

/** As an address that pages can name. */
export const iconUrl = `data:image/svg+xml,${encodeURIComponent(icon)}`

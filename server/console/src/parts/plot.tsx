/** A plot of one line, with its last value in words. */
export function Plot({
  label,
  value,
  points,
  others,
}: {
  label: string
  value: string
  points: readonly number[]
  others?: readonly number[]
}) {
  const [width, height, most] = [300, 56, 150]
  const highest = Math.max(...points, ...(others ?? []), 1e-9)
  const line = (numbers: readonly number[]) =>
    numbers
      .map((number, index) => {
        const x = width - ((numbers.length - 1 - index) / (most - 1)) * width
        return `${x.toFixed(1)},${(height - 2 - (number / highest) * (height - 6)).toFixed(1)}`
      })
      .join(' ')
  const start = width - ((points.length - 1) / (most - 1)) * width
  return (
    <figure class="plot">
      <figcaption>
        <span>{label}</span>
        <strong>{value}</strong>
      </figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
        {points.length > 1 && (
          <>
            <polygon points={`${start.toFixed(1)},${height} ${line(points)} ${width},${height}`} />
            {others && <polyline class="other" points={line(others)} />}
            <polyline points={line(points)} />
          </>
        )}
      </svg>
    </figure>
  )
}

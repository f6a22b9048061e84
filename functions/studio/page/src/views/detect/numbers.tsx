// A few numbers with their names, which keep their places while they change.

/** `items`: name, value, and what it is called for tests and styles. */
export function Numbers({ items }: { items: [name: string, value: string, key: string][] }) {
  return (
    <dl class="detect-numbers">
      {items.map(([name, value, key]) => (
        <div key={key}>
          <dt>{name}</dt>
          <dd data-number={key}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

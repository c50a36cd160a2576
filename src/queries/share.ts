/** How many dependents a vendor may have at most so that its share of the total is not above `maxShare`. */
export const mostWithin = (maxShare: number, total: number): number =>
  // 0.29 × 100 is a little less than 29 for a computer.
  Math.floor(maxShare * total + 1e-9);

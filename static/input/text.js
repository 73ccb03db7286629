// Sentences come from the page, with places to fill: "{name} is not a picture."

export const fill = (text, values) => text.replace(/{(\w+)}/g, (_, name) => values[name]);

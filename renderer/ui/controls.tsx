import { Check, Minus, Plus } from "lucide-react";
import type { ReactNode } from "react";
import {
  Button,
  Group,
  Input,
  Label,
  NumberField,
  type NumberFieldProps,
  TextField,
  type TextFieldProps,
  Tooltip,
  TooltipTrigger,
} from "react-aria-components";

/** The box of a checkbox; its mark shows when the checkbox is selected. */
export function CheckMark() {
  return (
    <span className="check-mark" aria-hidden>
      <Check />
    </span>
  );
}

export function TextInput({ label, ...props }: TextFieldProps & { label: string }) {
  return (
    <TextField {...props} className="field">
      <Label>{label}</Label>
      <Input className="input" />
    </TextField>
  );
}

/** A whole number with its unit and buttons for one step up and down. */
export function NumberInput({ label, unit, ...props }: NumberFieldProps & { label: string; unit: string }) {
  return (
    <NumberField
      {...props}
      className="field"
      formatOptions={{ useGrouping: false, maximumFractionDigits: 0 }}
    >
      <Label>{label}</Label>
      <Group className="number-group">
        <Input className="input" />
        <span className="unit">{unit}</span>
        <Button slot="decrement" className="icon-button">
          <Minus aria-hidden />
        </Button>
        <Button slot="increment" className="icon-button">
          <Plus aria-hidden />
        </Button>
      </Group>
    </NumberField>
  );
}

/** Says the name of an icon's button, and its keys, after a moment of hovering or on focus. */
export function Hint({
  text,
  keys,
  children,
}: {
  text: string;
  keys?: string | undefined;
  children: ReactNode;
}) {
  return (
    <TooltipTrigger delay={500} closeDelay={0}>
      {children}
      <Tooltip className="tooltip" offset={6}>
        {text}
        {keys && <kbd>{keys}</kbd>}
      </Tooltip>
    </TooltipTrigger>
  );
}

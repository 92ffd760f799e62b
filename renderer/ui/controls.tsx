import { Check, ChevronDown, Minus, Plus } from "lucide-react";
import type { ReactNode } from "react";
import {
  Button,
  Group,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  NumberField,
  type NumberFieldProps,
  Popover,
  Select,
  SelectValue,
  TextField,
  type TextFieldProps,
  Tooltip,
  TooltipTrigger,
} from "react-aria-components";

/** The box of a checkbox; its mark shows when the checkbox is selected. */
export function CheckMark() {
  return (
    <span className="check-mark" aria-hidden>
      <Check className="check-icon" />
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

interface NumberInputProps extends NumberFieldProps {
  label: string;
  unit: string;
  value: number;
  onChange(value: number): void;
  /** The next value up (1) or down (-1), within the bounds; any whole number between may be typed. */
  next(value: number, direction: 1 | -1): number;
}

/** A whole number with its unit and buttons for one step up and down. */
export function NumberInput({ label, unit, next, ...props }: NumberInputProps) {
  const step = (word: string, direction: 1 | -1, icon: ReactNode) => (
    <Button
      slot={null}
      className="icon-button"
      aria-label={`${word} ${label.toLowerCase()}`}
      isDisabled={props.isDisabled || next(props.value, direction) === props.value}
      onPress={() => props.onChange(next(props.value, direction))}
    >
      {icon}
    </Button>
  );
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
        {step("Less", -1, <Minus aria-hidden />)}
        {step("More", 1, <Plus aria-hidden />)}
      </Group>
    </NumberField>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  /** Words by value, in the order they are offered. */
  options: Partial<Record<T, string>>;
  isDisabled?: boolean;
  onChange(value: T): void;
}

/** One of a few, from a list that opens. */
export function Choice<T extends string>({ label, value, options, isDisabled, onChange }: ChoiceProps<T>) {
  return (
    <Select
      className="field"
      isDisabled={isDisabled === true}
      value={value}
      onChange={(key) => onChange(key as T)}
    >
      <Label>{label}</Label>
      <Button className="input select-button">
        <SelectValue />
        <ChevronDown aria-hidden />
      </Button>
      <Popover className="popover">
        <ListBox className="menu">
          {Object.entries<string | undefined>(options).map(([key, words]) => (
            <ListBoxItem key={key} id={key} className="menu-item" textValue={words ?? key}>
              {words}
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </Select>
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

import { Refusal } from '../../kernel/errors.ts'
import type { AccountCategory, ControlLevel } from './account.ts'

export type ChartName = 'generic' | 'nigeria'

/** An account as a chart seeds it. */
export type ChartAccount = Readonly<{
  code: string
  name: string
  category: AccountCategory
  subcategory: Subcategory
  role: string | null
  level: ControlLevel
}>

export const subcategories = [
  'current_asset',
  'non_current_asset',
  'contra_asset',
  'current_liability',
  'long_term_liability',
  'equity',
  'operating_revenue',
  'other_income',
  'contra_revenue',
  'cost_of_sales',
  'operating_expense',
  'finance_cost',
  'tax_expense',
] as const

export type Subcategory = (typeof subcategories)[number]

/** Each subcategory belongs to one category; the first of a category is its default. */
export const categoryBySubcategory: Readonly<Record<Subcategory, AccountCategory>> = {
  current_asset: 'asset',
  non_current_asset: 'asset',
  contra_asset: 'asset',
  current_liability: 'liability',
  long_term_liability: 'liability',
  equity: 'equity',
  operating_revenue: 'revenue',
  other_income: 'revenue',
  contra_revenue: 'revenue',
  cost_of_sales: 'cost_of_sales',
  operating_expense: 'expense',
  finance_cost: 'expense',
  tax_expense: 'expense',
}

/** Subcategories of a category, its default first. */
export const subcategoriesOf = (category: AccountCategory): readonly Subcategory[] =>
  subcategories.filter((subcategory) => categoryBySubcategory[subcategory] === category)

/**
 * A subcategory that the category has.
 * Refuses: validation.failed.
 */
export function requireSubcategory(category: AccountCategory, subcategory: string): void {
  const known = subcategoriesOf(category)
  if (known.some((name) => name === subcategory)) return
  const message = `must be one of: ${known.join(', ')}`
  const issue = { pointer: '/subcategory', path: 'subcategory', rule: 'enum', message } as const
  throw new Refusal('validation.failed', { issues: [issue] })
}

/**
 * Where manual entries may not post. Source: ledger specification 4.5.
 */
const lockedRoles: ReadonlySet<string> = new Set([
  'receivables',
  'supplier_deposits',
  'exchange_clearing',
  'payables',
  'customer_deposits',
  'retained_earnings',
  'opening_equity',
  'fx_gain',
  'fx_loss',
])

/** Where a manual line counts as the settlement of a tax. Source: ledger specification 4.5. */
const taggedRoles: ReadonlySet<string> = new Set([
  'vat_provision',
  'vat_payable',
  'vat_recoverable',
  'wht_payable',
  'wht_receivable',
])

/** The accounts that a new business starts with, in order of code. */
export const chartAccounts = (chart: ChartName): readonly ChartAccount[] =>
  rows.flatMap(([nigeria, generic, name, subcategory, role = null]) => {
    const code = chart === 'nigeria' ? nigeria : generic
    if (code === null) return []
    const isSalesTax = chart === 'generic' && role === 'vat_payable'
    return [
      {
        code,
        name: isSalesTax ? 'Sales Tax Payable' : name,
        category: categoryBySubcategory[subcategory],
        subcategory,
        role,
        level: levelOf(role),
      },
    ]
  })

function levelOf(role: string | null): ControlLevel {
  if (role === null) return 'open'
  if (lockedRoles.has(role)) return 'locked'
  return taggedRoles.has(role) ? 'tagged' : 'open'
}

type Row = readonly [
  nigeria: string,
  generic: string | null,
  name: string,
  subcategory: Subcategory,
  role?: string,
]

/**
 * Both charts in one table. The generic chart has one output tax account: it carries the role
 * `vat_payable`, which stands for `vat_provision` too.
 * Source: Books specification 12.2; codes 1001, 1021, 2021, 2026, 2027, 4000 and 5021 are
 * documented.
 */
// biome-ignore format: a table reads best with one row a line
const rows: readonly Row[] = [
  ['1001', '1000', 'Cash', 'current_asset', 'cash'],
  ['1002', '1005', 'Petty Cash', 'current_asset'],
  ['1003', '1006', 'Petty Cash Advance', 'current_asset', 'petty_cash_advance'],
  ['1011', '1010', 'Bank - Main', 'current_asset', 'bank'],
  ['1012', '1015', 'Payment Gateway Clearing', 'current_asset', 'gateway_clearing'],
  ['1013', '1016', 'Bank Transfers in Transit', 'current_asset'],
  ['1021', '1100', 'Trade Debtors', 'current_asset', 'receivables'],
  ['1022', '1120', 'Staff Loans and Advances', 'current_asset'],
  ['1023', '1130', 'Other Receivables', 'current_asset'],
  ['1024', '1140', 'WHT Receivable', 'current_asset', 'wht_receivable'],
  ['1025', '1150', 'VAT Recoverable', 'current_asset', 'vat_recoverable'],
  ['1026', '1190', 'Allowance for Doubtful Debts', 'contra_asset'],
  ['1031', '1200', 'Inventory', 'current_asset', 'inventory'],
  ['1041', '1300', 'Prepayments', 'current_asset'],
  ['1042', '1310', 'Supplier Deposits', 'current_asset', 'supplier_deposits'],
  ['1043', '1320', 'Exchange Clearing', 'current_asset', 'exchange_clearing'],
  ['1101', '1500', 'Land and Buildings', 'non_current_asset', 'asset_buildings'],
  ['1102', '1510', 'Plant and Machinery', 'non_current_asset', 'asset_machinery'],
  ['1103', '1520', 'Motor Vehicles', 'non_current_asset', 'asset_vehicles'],
  ['1104', '1530', 'Furniture and Fittings', 'non_current_asset', 'asset_furniture'],
  ['1105', '1540', 'Computers and Equipment', 'non_current_asset', 'asset_computers'],
  ['1106', '1550', 'Intangible Assets', 'non_current_asset', 'asset_intangible'],
  ['1151', '1590', 'Accumulated Depreciation', 'contra_asset', 'accumulated_depreciation'],
  ['2001', '2000', 'Trade Creditors', 'current_liability', 'payables'],
  ['2002', '2010', 'Accrued Expenses', 'current_liability', 'accrued_expenses'],
  ['2003', '2020', 'Salaries Payable', 'current_liability', 'salaries_payable'],
  ['2004', '2030', 'Customer Deposits', 'current_liability', 'customer_deposits'],
  ['2005', '2040', 'Deferred Revenue', 'current_liability'],
  ['2006', '2050', 'Other Payables', 'current_liability'],
  ['2021', null, 'VAT Provision', 'current_liability', 'vat_provision'],
  ['2022', '2210', 'PAYE Payable', 'current_liability', 'paye_payable'],
  ['2023', '2220', 'Pension Payable', 'current_liability', 'pension_payable'],
  ['2024', '2230', 'NHF Payable', 'current_liability', 'nhf_payable'],
  ['2025', '2240', 'NHIS Payable', 'current_liability', 'nhis_payable'],
  ['2026', '2200', 'VAT Payable', 'current_liability', 'vat_payable'],
  ['2027', '2250', 'WHT Payable', 'current_liability', 'wht_payable'],
  ['2028', '2260', 'Income Tax Payable', 'current_liability', 'cit_payable'],
  ['2029', null, 'Development Levy Payable', 'current_liability', 'levy_payable'],
  ['2030', '2270', 'NSITF, ITF and Other Payroll Payable', 'current_liability', 'payroll_other'],
  ['2101', '2500', 'Loans Payable', 'long_term_liability', 'loans'],
  ['2102', '2510', "Directors' Loans", 'long_term_liability'],
  ['3001', '3000', 'Share Capital', 'equity', 'share_capital'],
  ['3002', '3010', 'Share Premium', 'equity'],
  ['3003', '3100', 'Retained Earnings', 'equity', 'retained_earnings'],
  ['3004', '3200', 'Dividends and Drawings', 'equity'],
  ['3005', '3900', 'Opening Balance Equity', 'equity', 'opening_equity'],
  ['4000', '4000', 'Revenue', 'operating_revenue', 'revenue'],
  ['4001', '4010', 'Service Revenue', 'operating_revenue'],
  ['4003', '4090', 'Sales Returns and Allowances', 'contra_revenue', 'sales_returns'],
  ['4010', '4500', 'Other Income', 'other_income'],
  ['4011', '4510', 'Interest Income', 'other_income'],
  ['4012', '4520', 'Gain on Disposal of Assets', 'other_income', 'disposal_gain'],
  ['4013', '4530', 'Exchange Gains', 'other_income', 'fx_gain'],
  ['5001', '5000', 'Cost of Goods Sold', 'cost_of_sales', 'cogs'],
  ['5002', '5010', 'Direct Labour', 'cost_of_sales'],
  ['5003', '5020', 'Freight Inwards', 'cost_of_sales'],
  ['5004', '5030', 'Inventory Adjustments', 'cost_of_sales', 'inventory_adjustment'],
  ['5011', '6000', 'Salaries and Wages', 'operating_expense', 'salaries'],
  ['5012', '6010', 'Employer Pension', 'operating_expense', 'employer_pension'],
  ['5013', '6020', 'Staff Welfare and Training', 'operating_expense'],
  ['5020', '6100', 'Rent', 'operating_expense'],
  ['5021', '6110', 'Electricity', 'operating_expense'],
  ['5022', '6120', 'Water and Cleaning', 'operating_expense'],
  ['5023', '6130', 'Internet and Telephone', 'operating_expense'],
  ['5024', '6140', 'Fuel and Generator', 'operating_expense'],
  ['5025', '6150', 'Repairs and Maintenance', 'operating_expense'],
  ['5031', '6200', 'Travel and Transport', 'operating_expense'],
  ['5041', '6300', 'Professional Fees', 'operating_expense'],
  ['5042', '6310', 'Audit Fees', 'operating_expense'],
  ['5043', '6400', 'Advertising and Marketing', 'operating_expense'],
  ['5044', '6410', 'Office Supplies', 'operating_expense'],
  ['5045', '6420', 'Software and Subscriptions', 'operating_expense'],
  ['5046', '6430', 'Insurance', 'operating_expense'],
  ['5047', '6500', 'Bank Charges', 'finance_cost', 'bank_charges'],
  ['5048', '6510', 'Interest Expense', 'finance_cost'],
  ['5049', '6520', 'Bad Debts', 'operating_expense', 'bad_debts'],
  ['5051', '6600', 'Depreciation', 'operating_expense', 'depreciation'],
  ['5052', '6610', 'Loss on Disposal of Assets', 'operating_expense', 'disposal_loss'],
  ['5053', '6620', 'Exchange Losses', 'finance_cost', 'fx_loss'],
  ['5054', '6630', 'Rounding Differences', 'operating_expense', 'rounding'],
  ['5061', '6900', 'Income Tax Expense', 'tax_expense', 'cit_expense'],
  ['5099', '6990', 'Miscellaneous Expenses', 'operating_expense', 'general_expense'],
]

# The same fleet with variables, locals, functions and for_each.
version     = 1
fleet       = "contoso"
environment = "prod"
registry    = "reg"
vault       = "rsv-${lower("X")}"

variable "region" {
  type    = string
  default = "eastus2"
}

variable "size" {
  type        = number
  default     = 8
  description = "Machines of a stamp."
}

locals {
  subscription = "shared-${var.region}"
  numbers      = [for n in range(1, 3) : format("%03d", n)]
  base = {
    kind                 = "shared"
    zones                = ["1", "2"]
    compute              = { sku = "Standard_D8s_v5", instances = var.size }
  }
  extra = {
    "001" = { desired = "active", accepting = true, protect = false, aliases = ["CELL-One"] }
    "002" = { desired = "standby", accepting = false, protect = true, aliases = ["CELL-Two"] }
  }
  tenants = {
    contoso = { users = 100 + 50, tier = "gold" }
  }
}

provider "sim" {
  world = "world.yaml"
}

api_management {
  subscription   = "hub"
  resource_group = "rg-api"
  service        = "apim-contoso"
}

ingress {
  subscription   = "hub"
  resource_group = "rg-edge"
  profile        = "fd-contoso"
  group          = "stamps"
}

policy {
  placement {
    dedicated_users_gt     = 400
    max_tenants_per_shared = 90
    bands                  = { plan = 60, provision = 80, pause = 80, deny = 96 }
    class_rules            = "enforce"
    noisy_cpu              = 25
    noisy_requests_per_day = 2 * 1000000
    noisy_storage_gib      = 600
    min_samples_hours      = 12
    consolidate            = { max_moves = 5, fill = 65 }
  }
  capacity        = { min_active_stamps = 1, max_stamps = 12 }
  limits          = { stamps_retired = 2, tenants_moved = 30, tenants_offboarded = 40 }
  demand_per_user = { cpu_millicores = 11, memory_mib = 41, storage_mib = 301, dtu = 0.25, requests_per_day = 210 }
  stamp_capacity  = { memory_gib_per_vm = 64, storage_gib = 4096, dtu = 3000 }
  timeouts {
    creating          = "31m"
    retries           = 4
    drain_connections = "11m"
    drain_jobs        = "31m"
    activate          = "3m"
    release           = "32m"
    quota             = "33m"
    traffic           = 45
    absence           = "34m"
    copy              = "9h"
  }
  migration = { soak = "1d12h", confirm = false }
  standby   = { max_age = "48h", instances = 2, max_ready = 4 }
  health    = { interval = "20s", healthy = 3, unhealthy = 4, max_retries = 2 }
  autoscale {
    scale_out {
      metric    = "cpu_utilization"
      threshold = 75
      duration  = "6m"
    }
    scale_out {
      metric    = "request_latency_p99"
      threshold = "450ms"
      duration  = "2m"
    }
    scale_in {
      metric    = "cpu_utilization"
      threshold = "20%"
      duration  = "16m"
    }
    scale_out_cooldown = "12m"
    scale_in_cooldown  = "33m"
  }
  approvals  = { minimum = 1, minimum_irreversible = 2 }
  plan       = { expires_after = "12h", resume_within = "5d" }
  on_removed = "refuse"
}

subscription "hub" {
  id = "33333333-3333-3333-3333-333333333333"
}

subscription "shared-eastus2" {
  id = "11111111-1111-1111-1111-111111111111"
}

quota_group "qg-shared-stamps" {
  management_group = "mg-platform"
  subscriptions    = [local.subscription]
  increase         = "request"
  limit {
    region = var.region
    family = "standardDSv5Family"
    cores  = 640
  }
}

capacity_reservation "crg-shared-eastus2" {
  subscription = local.subscription
  region       = var.region
  zones        = ["1", "2"]
  sku          = "Standard_D8s_v5"
  instances    = 4
}

stamp "shared-eastus2-$${each.key}" {
  for_each             = { for n in local.numbers : n => local.extra[n] }
  id                   = "shared-${var.region}-${each.key}"
  kind                 = local.base.kind
  region               = var.region
  zones                = local.base.zones
  subscription         = local.subscription
  quota_group          = "qg-shared-stamps"
  capacity_reservation = "crg-shared-eastus2"
  compute              = local.base.compute
  desired              = each.value.desired
  accepting            = each.value.accepting
  protect              = each.value.protect
  aliases              = each.value.aliases
  capacity             = each.key == "002" ? { cpu_millicores = 50000, memory_mib = 100000, storage_gib = 900, dtu = 1234.5 } : null
  data                 = { isolation = "rows", sql_sku = "S3", storage_sku = "Standard_ZRS" }
  ingress              = { host = "{stamp}.contoso.example", weight = 400 }
  tags                 = merge({ team = "platform" }, { cost = 42 })
}

stamp "dedicated-fabrikam-eastus2" {
  kind         = "dedicated"
  region       = "eastus2"
  subscription = "shared-eastus2"
  compute {
    sku       = "Custom_X"
    instances = 2
    vcpus     = 4
    family    = "standardX"
  }
  keep_reservation = true
  keep_empty       = true
}

stamp "shared-eastus2-009" {
  desired = "retired"
}

pool "shared-eastus2" {
  kind   = "shared"
  region = "eastus2"
  stamps = { min = 1, max = 9 }
  like   = "shared-eastus2-001"
}

pool "dedicated-eastus2" {
  kind    = "dedicated"
  stamps  = { max = 5 }
  like    = "shared-eastus2"
  compute = { instances = 4 }
}

tenant "any" {
  for_each = local.tenants
  id       = each.key
  users    = each.value.users
  tier     = each.value.tier
  region   = "eastus2"
  demand   = { cpu_millicores = 900, dtu = 12.34, requests_per_day = 9 }
}

tenant "fabrikam" {
  users     = 900
  tier      = "enterprise"
  region    = "eastus2"
  placement = "dedicated-fabrikam-eastus2"
  contract  = "enterprise"
}

tenant "woodgrove" {
  users         = 40
  tier          = "basic"
  region        = "eastus2"
  placement     = "shared-eastus2-001"
  anti_affinity = "banks"
  contact       = "it@woodgrove.example"
}

tenant "leaving" {
  region           = "eastus2"
  desired          = "erased"
  legal_hold       = true
  export           = { waived = "asked for it" }
  requests_per_day = 5
}

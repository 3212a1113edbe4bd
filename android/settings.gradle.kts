// The Android build: AARs of what is Android's alone. `cargo xtask jars` comes first.
pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositoriesMode = RepositoriesMode.FAIL_ON_PROJECT_REPOS
    repositories {
        google()
        mavenCentral()
        // The library's classes, which Maven builds.
        mavenLocal { content { includeGroup("dev.dunlin") } }
    }
}

rootProject.name = "dunlin-android"
include(":android", ":compose", ":sample")

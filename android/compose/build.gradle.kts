plugins {
    alias(libs.plugins.android.library)
    alias(libs.plugins.kotlin.android)
    alias(libs.plugins.kotlin.compose)
}

android {
    namespace = "dev.dunlin.compose"
    // The tests draw on a desktop: Maven runs them.
    sourceSets["test"].kotlin.setSrcDirs(emptyList<Any>())
}

kotlin {
    explicitApi()
}

dependencies {
    api(project(":android"))
    api(libs.compose.runtime)
    api(libs.compose.foundation)
}

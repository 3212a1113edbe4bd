// What apps use: the library of the JVM, and what is Android's alone beside it.
plugins {
    alias(libs.plugins.android.library)
    alias(libs.plugins.kotlin.android)
    alias(libs.plugins.kotlin.serialization)
}

android {
    namespace = "dev.dunlin.android"
    sourceSets["main"].kotlin.srcDir("../dunlin/src/main/kotlin")
}

kotlin {
    explicitApi()
}

dependencies {
    implementation(project(":ffi"))
    api(libs.coroutines)
    api(libs.serialization.json)
    testImplementation(platform(libs.junit.bom))
    testImplementation(libs.junit)
    testRuntimeOnly(libs.junit.launcher)
    testImplementation(libs.coroutines.test)
}
